import type { AdapterError } from './adapter-error.js'
import type { Outbound } from './envelope.js'

/** The broker's truth about a topic. */
export interface Route {
  /** 0: the broker maps keys itself. Otherwise core sends to murmur2(key bytes) mod partitions, as Java does. Fixed at the broker, never by a caller's option. */
  readonly partitions: number
  readonly maxMessageBytes: number
  /** How much of one stream may be unreported at once. Core batches what queues meanwhile. */
  readonly outstanding: { readonly batches: number; readonly messages: number; readonly bytes: number }
}

export interface GroupRef {
  readonly topic: string
  readonly group: string
}

export type Destination =
  | { readonly to: 'topic'; readonly topic: string }
  /** Retry copy or redrive: this group only. `delayMs` needs `durableDelay`; the adapter may be late, never early. Same partition count and same owner as the topic's partition. */
  | { readonly to: 'group'; readonly group: GroupRef; readonly delayMs?: number }
  | { readonly to: 'dead-letter'; readonly group: GroupRef }

/**
 * One ordered stream = one destination and one partition. The adapter writes the envelopes in this order, batches in call order.
 *
 * `report` is called exactly once per index, later (never in the call stack of `send`), in any order, within `timeoutMs`, and after
 * close at the latest. Never `stored` without the broker's answer, never `refused` unless it is certain that the message is in no group and will
 * be in none (a RabbitMQ nack is `uncertain`: with several queues bound, others may hold it).
 *
 * Core hands over nothing while the publish side is not `ready`; what the adapter could not write any more is `unwritten`.
 *
 * The adapter does not resend, except inside one session in which the broker deduplicates. When something of a stream is uncertain,
 * core waits until all of the stream is reported and sends what is uncertain or unwritten again, in order, before anything newer. The
 * first batch after such a report has `resend`, also when nothing is repeated: it must go through a new session, in which an old
 * sequence cannot swallow a new message, and the old session must have been made unable to write.
 */
export interface SendBatch {
  readonly destination: Destination
  readonly partition: number
  readonly envelopes: readonly Outbound[]
  readonly resend: boolean
  /** After this time what has no answer is reported as `uncertain`. */
  readonly timeoutMs: number
  report(index: number, result: SendResult): void
}

export type SendResult =
  | { readonly kind: 'stored'; readonly position?: string }
  | { readonly kind: 'refused'; readonly error: AdapterError }
  | { readonly kind: 'uncertain'; readonly error: AdapterError }
  /** It certainly never left this process: core sends it again. */
  | { readonly kind: 'unwritten'; readonly error: AdapterError }
