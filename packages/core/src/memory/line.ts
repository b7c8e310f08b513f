import { Deque } from '../kit/deque.js'
import type { Cancel, Clock } from '../model/clock.js'

/** One direction of a connection: what enters comes out in the same order, each after its time on the way. */
export class Line {
  readonly #clock: () => Clock
  readonly #latencyMs: () => number
  readonly #travelling = new Deque<{ readonly run: () => void; readonly cancel: Cancel }>()
  #lastDue = 0

  constructor(clock: () => Clock, latencyMs: () => number) {
    this.#clock = clock
    this.#latencyMs = latencyMs
  }

  carry(run: () => void): void {
    const clock = this.#clock()
    const nowMs = clock.monotonic()
    this.#lastDue = Math.max(nowMs + this.#latencyMs(), this.#lastDue)
    // Whichever timer of one moment comes first, it brings what entered first.
    const cancel = clock.after(this.#lastDue - nowMs, () => this.#travelling.shift()?.run())
    this.#travelling.push({ run, cancel })
  }

  /** What is on its way never arrives. */
  cut(): void {
    for (const { cancel } of this.#travelling) cancel()
    this.#travelling.clear()
    this.#lastDue = 0
  }
}
