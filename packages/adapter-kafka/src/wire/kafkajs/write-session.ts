import type { BatchOrigin } from '../records/encode-batch.js'

/** Who a producer is to the brokers. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Numbers of records wrap here. */
const SEQUENCES = 2 ** 31
const LAST_EPOCH = 2 ** 15 - 1

/**
 * The numbers under which one producer writes to one partition. The leader takes a batch whose number it expects, and knows one that it has
 * already. When it is not known whether a batch was stored, the epoch grows: from the first batch of the new one on, the leader refuses what
 * is still on its way under the old one, however late it comes.
 */
export class WriteSession {
  readonly #identity: ProducerIdentity
  #epoch: number
  #next = 0

  constructor(identity: ProducerIdentity) {
    this.#identity = identity
    this.#epoch = identity.producerEpoch
  }

  /** Of the next batch. */
  get origin(): BatchOrigin {
    return { producerId: this.#identity.producerId, producerEpoch: this.#epoch, firstSequence: this.#next }
  }

  stored(records: number): void {
    this.#next = (this.#next + records) % SEQUENCES
  }

  /** False when the epochs are used up, and another identity is needed. */
  renew(): boolean {
    this.#epoch += 1
    this.#next = 0
    return this.#epoch <= LAST_EPOCH
  }
}
