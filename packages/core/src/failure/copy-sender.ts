import type { Outbound } from '../spi/envelope.js'
import type { Destination } from '../spi/sending.js'

/** Sends copies that core makes itself: dead letters, delayed retries, redriven messages. The publish side implements it with its ordered streams. */
export interface CopySender {
  /**
   * Resolves when the broker holds the copy durably. Rejects with a SluiceError when it is refused, or at the deadline: UNCERTAIN when
   * the copy may be stored. User middleware does not see copies; they may be sent while the messaging object closes.
   */
  send(copy: Copy): Promise<void>
}

export interface Copy {
  readonly destination: Destination
  readonly partition: number
  readonly envelope: Outbound
  /** Longest time until the copy is stored, in ms. */
  readonly timeoutMs: number
}
