import type { Delivery } from './delivery.js'
import type { Message, Receipt } from './message.js'

/** A message that is about to be published: already validated and encoded, so the payload cannot change any more. */
export interface OutgoingMessage {
  readonly id: string
  readonly topic: string
  readonly type: string | undefined
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  readonly headers: Readonly<Record<string, string>>
  /** Adds or replaces a header; only before `next` is called. @throws SluiceError INVALID_HEADER */
  setHeader(name: string, value: string): void
}

/**
 * Code around every publish and every handler. The first in the list is the outermost. Wherever middleware is in a program, its
 * place in the pipeline is fixed: after the idempotency claim and around the handler, so its order never decides whether retries happen.
 */
export interface Middleware {
  /** For errors and logs. */
  readonly name: string
  /** Calls `next` once to publish. The place in the order of the key is taken when `publish` is called: a slow middleware delays the messages behind it. */
  publish?(message: OutgoingMessage, next: () => Promise<Receipt>): Promise<Receipt>
  /** Calls `next` once to run the handler; what it throws is the failure of the delivery. */
  consume?(message: Message, delivery: Delivery, next: () => Promise<void>): Promise<void>
}
