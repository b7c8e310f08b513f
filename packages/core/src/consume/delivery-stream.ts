import type { Delivery } from '../model/delivery.js'
import type { Message } from '../model/message.js'
import type { Subscription } from './subscription-handle.js'

/**
 * Deliveries to settle by hand: `for await (const delivery of stream)`. The end of the loop body settles nothing; leaving the loop
 * closes the subscription and gives back what is unsettled. A message of a key follows when the one before it is settled.
 */
export interface DeliveryStream<M extends Message = Message>
  extends AsyncIterable<Delivery<M>, void, undefined>, AsyncDisposable {
  /** Resolves when the subscription has begun. */
  readonly subscription: Promise<Subscription>
  close(): Promise<void>
}
