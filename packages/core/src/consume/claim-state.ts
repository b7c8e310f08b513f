import type { Claim } from '../spi/consuming.js'
import type { PartitionState } from './partition-state.js'
import { WorkList } from './work-list.js'

/**
 * `active`: deliveries start. `draining`: a hand-over or close; what runs may end. `rewinding`: the same, before the claim is given up
 * and taken anew. `dead`: nothing of it reaches the broker any more.
 */
export type ClaimStatus = 'active' | 'draining' | 'rewinding' | 'dead'

/** One claim and the deliveries of it that have not ended. */
export class ClaimState {
  readonly claim: Claim
  readonly partition: PartitionState
  readonly works: WorkList = new WorkList()
  status: ClaimStatus = 'active'
  /** Works that run a handler or wait for their copy: a hand-over waits for these. */
  #busy = 0
  #waiters: (() => void)[] = []

  constructor(claim: Claim, partition: PartitionState) {
    this.claim = claim
    this.partition = partition
  }

  get busy(): number {
    return this.#busy
  }

  enter(): void {
    this.#busy += 1
  }

  leave(): void {
    this.#busy -= 1
    if (this.#busy === 0) this.#wake()
  }

  die(): void {
    this.status = 'dead'
    this.#wake()
  }

  /** Runs once: when nothing of the claim is busy, or when it is dead. May run in this call. */
  whenIdle(run: () => void): void {
    if (this.#busy === 0 || this.status === 'dead') run()
    else this.#waiters.push(run)
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const run of waiters) run()
  }
}
