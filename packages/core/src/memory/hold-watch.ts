import type { Cancel } from '../model/clock.js'
import type { MemoryClaim } from './claim.js'
import type { QueueTime } from './group-queue.js'

/** A claim promises 0.8 of what the broker bears, so that core acts before the broker does. */
const PROMISED_SHARE = 0.8

/** Finds claims with a delivery that has been open for too long: one timer per claim, armed while deliveries are open. */
export class HoldWatch {
  readonly #time: QueueTime
  readonly #onExpired: (claim: MemoryClaim) => void
  readonly #timers = new Map<MemoryClaim, Cancel>()

  constructor(time: QueueTime, onExpired: (claim: MemoryClaim) => void) {
    this.#time = time
    this.#onExpired = onExpired
  }

  /** Deliveries of the claim were handed over. */
  handed(claim: MemoryClaim): void {
    if (claim.holdMs !== Infinity && !this.#timers.has(claim)) this.#arm(claim, claim.holdMs / PROMISED_SHARE)
  }

  /** The claim is over. */
  released(claim: MemoryClaim): void {
    this.#timers.get(claim)?.()
    this.#timers.delete(claim)
  }

  #arm(claim: MemoryClaim, ms: number): void {
    this.#timers.set(
      claim,
      this.#time.timers.after(ms, () => {
        this.#timers.delete(claim)
        this.#look(claim)
      }),
    )
  }

  #look(claim: MemoryClaim): void {
    const { oldest } = claim
    if (oldest === undefined) return
    const left = oldest.atMs + claim.holdMs / PROMISED_SHARE - this.#time.clock.monotonic()
    if (left > 0) this.#arm(claim, left)
    else this.#onExpired(claim)
  }
}
