/** Bytes on their way to the broker that take their time. What comes behind them on their channel stays behind them. */
export class DelayLine {
  readonly #write: (pieces: readonly Buffer[]) => void
  #waiting: { readonly dueMs: number; readonly channel: number; readonly pieces: readonly Buffer[] }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(write: (pieces: readonly Buffer[]) => void) {
    this.#write = write
  }

  /** Passes on at once what has no delay and nothing before it. */
  pass(pieces: readonly Buffer[], channel: number, delayMs: number): void {
    if (pieces.length === 0) return
    if (delayMs === 0 && !this.#waiting.some((one) => one.channel === channel)) {
      this.#write(pieces)
      return
    }
    const before = this.#waiting.at(-1)?.dueMs ?? 0
    this.#waiting.push({ dueMs: Math.max(before, performance.now() + delayMs), channel, pieces })
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
    for (const { pieces } of due) this.#write(pieces)
    this.#arm()
  }
}
