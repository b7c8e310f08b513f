import type { Message, MessageOf } from './message.js'
import type { TypedTopic } from './topic.js'

/**
 * One hand-over of a message to a handler. It ends in exactly one of: acked, retried, dead-lettered, given back. A handler that
 * returns without settling acks; one that throws leaves it to the retry policy.
 *
 * Settling twice throws ALREADY_SETTLED and changes nothing; wrong options throw INVALID_OPTION. Both are thrown in the call and not as a
 * rejection, so that a handler that does not await them fails instead of acking. Settling a delivery that this process has lost is dropped: the broker
 * hands the message over again, and `signal` has fired.
 */
export interface Delivery<M extends Message = Message> {
  readonly message: M
  readonly group: string
  readonly partition: number
  /** 1 + recorded failures of this message in this group. Hand-overs, waits for a limiter, probes and give-backs do not count. */
  readonly attempt: number
  /** Fires when the delivery is lost, the handler is overdue, or the drain deadline has passed. `signal.reason` is a SluiceError. */
  readonly signal: AbortSignal
  readonly settled: boolean

  /** Done. */
  ack(): Promise<void>
  /** Counts as a failed attempt and comes again: after `delayMs`, or when the retry policy says. */
  retry(options?: SettleRetryOptions): Promise<void>
  /** To the dead letters, without another attempt. */
  deadLetter(reason: string | Error): Promise<void>
  /** Not now, not my fault: comes again and counts no attempt. With a key, the key waits and this process gets it again. */
  giveBack(options?: GiveBackOptions): Promise<void>
}

export interface SettleRetryOptions {
  /** @default what the retry policy says */
  readonly delayMs?: number
  /** Shown in logs and on the dead letter when it was the last attempt. */
  readonly cause?: unknown
}

export interface GiveBackOptions {
  /** Wait before the message may come again. @default 100, which is also the floor */
  readonly delayMs?: number
}

/** What a handler returns is ignored, but a promise is awaited: `(m) => db.insert(m.payload)` is a handler. */
export type Handler<M extends Message = Message> = (message: M, delivery: Delivery<M>) => unknown

/** One handler per type of a topic; the type system asks for all of them. */
export type HandlerMap<T extends TypedTopic> = {
  readonly [K in keyof T['types'] & string]: Handler<Extract<MessageOf<T>, { readonly type: K }>>
}

/** Gets several deliveries at once; each is settled for itself, those that are not are acked at the end. */
export type BatchHandler<M extends Message = Message> = (deliveries: readonly Delivery<M>[]) => unknown
