/** A token that is due within a nanosecond is due: sums of fractions never meet their moment exactly. */
const toleranceMs = 1e-6

/**
 * Tokens at an even pace, as one number: the moment at which the next token would come if every token were taken when it is
 * made (the generic cell rate algorithm). In any window there are at most `burst` + rate × window, also after a stall.
 */
export class Pace {
  readonly #intervalMs: number
  /** How far tokens may be taken ahead of their moment. */
  readonly #aheadMs: number
  #nextMs = -Infinity

  constructor(perSecond: number, burst: number) {
    this.#intervalMs = 1_000 / perSecond
    this.#aheadMs = (burst - 1) * this.#intervalMs
  }

  get intervalMs(): number {
    return this.#intervalMs
  }

  /** Milliseconds from `nowMs` until there is a token more than `others`; 0 when there is one. */
  waitMs(nowMs: number, others = 0): number {
    const waitMs = this.#nextMs - this.#aheadMs + others * this.#intervalMs - nowMs
    return waitMs > toleranceMs ? waitMs : 0
  }

  /** Takes a token; only when {@link waitMs} is 0. */
  take(nowMs: number): void {
    this.#nextMs = Math.max(this.#nextMs, nowMs) + this.#intervalMs
  }
}
