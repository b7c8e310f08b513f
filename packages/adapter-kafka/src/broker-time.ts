import type { Clock } from '@sluice/core/spi'

/** An answer that was quick is believed for so long, though later ones are slower. */
const BELIEVED_MS = 60_000
/** No answer takes so long that counts: the clock of the broker was set back. */
const SET_BACK_MS = 5_000

/**
 * What time it is at the cluster, never ahead of it: the time of an append, and what has passed since its answer came. The wall clock of this
 * process has no part in it, so nothing is early when that is moved or wrong.
 */
export class BrokerTime {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** Wall time of the cluster when the clock of this process was 0. */
  #zeroMs: number | undefined
  /** When that was found out, and when something was heard last. */
  #learntMs = 0
  #heardMs = -Infinity

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** `undefined`: nothing was heard of it yet. */
  get nowMs(): number | undefined {
    return this.#zeroMs === undefined ? undefined : this.#zeroMs + this.#clock.monotonic()
  }

  /** Something was heard of it a short while ago. */
  get isFresh(): boolean {
    return this.#clock.monotonic() - this.#heardMs < BELIEVED_MS
  }

  /** An answer says when the broker has stored something. */
  heard(appendedMs: number): void {
    const nowMs = this.#clock.monotonic()
    this.#heardMs = nowMs
    const zeroMs = appendedMs - nowMs
    const known = this.#zeroMs ?? -Infinity
    const isSlow = zeroMs < known && zeroMs > known - SET_BACK_MS
    if (isSlow && nowMs - this.#learntMs < BELIEVED_MS) return
    this.#zeroMs = zeroMs
    this.#learntMs = nowMs
  }
}
