import type { Claim } from '@sluice/core/spi'
import type { Session } from './link.js'

/** The right to one queue, for as long as one channel lives. */
export class ConsumerClaim implements Claim {
  readonly partition: number
  readonly epoch: number
  readonly exclusive: boolean
  readonly holdMs: number

  readonly #session: Session

  constructor(session: Session, partition: number, epoch: number, exclusive: boolean, holdMs: number) {
    this.#session = session
    this.partition = partition
    this.epoch = epoch
    this.exclusive = exclusive
    this.holdMs = holdMs
  }

  get aliveUntilMs(): number {
    return this.#session.aliveUntilMs
  }
}
