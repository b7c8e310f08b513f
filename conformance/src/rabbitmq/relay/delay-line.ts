import { channelOf, type Frame } from '../amqp/frame.js'

/** Frames on their way to the broker that take their time. What comes behind them on their channel stays behind them. */
export class DelayLine {
  readonly #write: (frames: readonly Frame[]) => void
  #waiting: { readonly dueMs: number; readonly channel: number; readonly frames: readonly Frame[] }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(write: (frames: readonly Frame[]) => void) {
    this.#write = write
  }

  /** Passes on at once what has no delay and nothing before it. */
  pass(frames: readonly Frame[], delayMs: number): void {
    const [first] = frames
    if (first === undefined) return
    const channel = channelOf(first)
    if (delayMs === 0 && !this.#waiting.some((one) => one.channel === channel)) {
      this.#write(frames)
      return
    }
    const before = this.#waiting.at(-1)?.dueMs ?? 0
    this.#waiting.push({ dueMs: Math.max(before, performance.now() + delayMs), channel, frames })
    this.#arm()
  }

  /** What waits is lost. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#waiting = []
  }

  #arm(): void {
    const [next] = this.#waiting
    clearTimeout(this.#timer)
    if (next !== undefined) this.#timer = setTimeout(() => this.#due(), Math.max(0, next.dueMs - performance.now()))
  }

  #due(): void {
    // Timers may fire a little early.
    const nowMs = performance.now() + 1
    const due = this.#waiting.filter(({ dueMs }) => dueMs <= nowMs)
    this.#waiting = this.#waiting.slice(due.length)
    for (const { frames } of due) this.#write(frames)
    this.#arm()
  }
}
