import { exponentialBackoff } from '@sluice/core/spi'

/** A broker that restarts, or a network that blinks, is back within this time as a rule. */
const QUICK_MS = 60_000
const quick = { fromMs: 100, toMs: 1_000 }
const slow = { fromMs: 1_000, toMs: 30_000 }

/**
 * How long to wait between rounds over all addresses: up to a second in the first minute, so that what is back is noticed at once, then ever
 * longer up to half a minute. Always with full jitter: the clients of a broker have all lost it in the same moment.
 */
export class ReconnectPace {
  readonly #quick: (failures: number) => number
  readonly #slow: (failures: number) => number
  #sinceMs: number | undefined
  #quickFailures = 0
  #slowFailures = 0

  constructor(random: () => number) {
    this.#quick = exponentialBackoff({ ...quick, random })
    this.#slow = exponentialBackoff({ ...slow, random })
  }

  next(nowMs: number): number {
    this.#sinceMs ??= nowMs
    if (nowMs - this.#sinceMs < QUICK_MS) {
      this.#quickFailures += 1
      return this.#quick(this.#quickFailures)
    }
    this.#slowFailures += 1
    return this.#slow(this.#slowFailures)
  }

  /** It went well for a while. */
  reset(): void {
    this.#sinceMs = undefined
    this.#quickFailures = 0
    this.#slowFailures = 0
  }
}
