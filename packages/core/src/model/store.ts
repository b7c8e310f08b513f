import type { Message } from './message.js'
import type { Middleware } from './middleware.js'

/** The same message in the same group is handled once. */
export interface IdempotencyEntry {
  readonly topic: string
  readonly group: string
  readonly id: string
  /** Reads a text header of the message: a store that announces ids on the producer's side finds its proof there. */
  header(name: string): string | undefined
}

export type IdempotencyClaim =
  /** Nobody has it: run the handler. `fence` proves ownership to the other calls. The lease ends after `leaseMs` unless renewed. */
  | { readonly kind: 'claimed'; readonly fence: string; readonly leaseMs: number }
  /** Handled before: ack without running the handler. */
  | { readonly kind: 'done' }
  /** Another delivery of it is being handled: ask again after `retryMs`. Never a reason to ack. */
  | { readonly kind: 'busy'; readonly retryMs: number }

/**
 * Remembers which messages were handled. Leases use the store's own clock. Every method rejects when the store does not answer;
 * core then does what `onStoreDown` says and never drops the message.
 */
export interface IdempotencyStore {
  readonly name: string
  claim(entry: IdempotencyEntry): Promise<IdempotencyClaim>
  /** False when the fence is stale: another owner has taken over. */
  renew(entry: IdempotencyEntry, fence: string): Promise<boolean>
  /** The handler has succeeded. Called before the ack. False, and without effect, when the fence is stale. */
  complete(entry: IdempotencyEntry, fence: string): Promise<boolean>
  /** The handler has failed or did not run. False, and without effect, when the fence is stale. */
  release(entry: IdempotencyEntry, fence: string): Promise<boolean>
}

/** What `subscribe` takes as `idempotency`; made by a plugin or by `memoryIdempotency`. */
export interface Idempotency {
  readonly store: IdempotencyStore
  /** What identifies a message. @default its id; a message without one is dead-lettered with NO_ID */
  readonly id?: ((message: Message) => string) | undefined
  /** `pause`: wait until the store answers again. `process`: handle without protection. @default 'pause' */
  readonly onStoreDown?: 'pause' | 'process' | undefined
  /** The publishers' half, for stores that have one. */
  readonly middleware?: Middleware | undefined
}
