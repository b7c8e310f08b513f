import type { Claim } from '@sluice/core/spi'
import type { Part } from './part.js'
import type { GroupMember } from './wire/port.js'

/** The right to a partition of the topic, and to the one of the same number that is for the group alone, as long as the member lives. */
export class PartitionClaim implements Claim {
  readonly partition: number
  readonly epoch: number
  readonly exclusive = true
  readonly holdMs: number = Infinity
  readonly parts: Part[] = []
  /** `draining`: nothing more is handed over. `dead`: what ends is nobody's concern any more. */
  state: 'live' | 'draining' | 'dead' = 'live'
  /** Handed over and not ended. */
  open = 0
  openBytes = 0
  readonly #member: Pick<GroupMember, 'aliveUntilMs'>

  constructor(partition: number, epoch: number, member: Pick<GroupMember, 'aliveUntilMs'>) {
    this.partition = partition
    this.epoch = epoch
    this.#member = member
  }

  get aliveUntilMs(): number {
    return this.#member.aliveUntilMs
  }
}
