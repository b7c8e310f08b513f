import type { Key } from '../model/key.js'
import type { BatchResult } from '../errors/batch-error.js'
import type { PayloadOf, Receipt } from '../model/message.js'
import type { SchemaMap } from '../model/topic.js'

/** Options of one publish. */
export type PublishOptions<Keyed extends boolean = boolean> = PublishBaseOptions & KeyOption<Keyed>

export interface PublishBaseOptions {
  /** Text headers. Names are visible ASCII without ":"; the prefix "sluice-" is reserved. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** Identity of the message: 1 to 200 visible ASCII characters. Pass your own to make a publish repeatable. @default a new unique id */
  readonly id?: string
  /** Carried to the handler; groups messages of one exchange of the application. @default none */
  readonly correlationId?: string
  /** Longest time until the publish is stored or rejected, in ms. @default 30000 */
  readonly timeoutMs?: number
  /** Aborts: before the message is written the publish rejects ABORTED, after it UNCERTAIN. */
  readonly signal?: AbortSignal
}

type KeyOption<Keyed extends boolean> = [Keyed] extends [true]
  ? {
      /** Replaces what the key function of the topic computes; `null` for no key. @default the key of the topic */
      readonly key?: Key | null
    }
  : { readonly key?: never }

/** One message of a batch. */
export type BatchEntry<Payload, Keyed extends boolean = boolean> = { readonly payload: Payload } & Omit<
  PublishOptions<Keyed>,
  'timeoutMs' | 'signal'
>

/** One message of a batch on a topic with several types. */
export type TypedBatchEntry<M extends SchemaMap, Keyed extends boolean = boolean> = {
  [T in keyof M & string]: BatchEntry<PayloadOf<M, T>, Keyed> & { readonly type: T }
}[keyof M & string]

export interface PublishBatchOptions<Settled extends boolean = boolean> {
  /** Longest time until every message is stored or rejected, in ms. @default 30000 */
  readonly timeoutMs?: number
  /** See {@link PublishBaseOptions.signal}. */
  readonly signal?: AbortSignal
  /** `true`: resolve with one result per message instead of rejecting with a BatchError. @default false */
  readonly settled?: Settled
}

export type BatchOutcome<Settled extends boolean> = [Settled] extends [true]
  ? readonly BatchResult<Receipt>[]
  : readonly Receipt[]

/** Limits of what waits to be stored, over all topics of one messaging object. */
export interface BufferOptions {
  /** Messages that are accepted and not yet stored. @default 10000 */
  readonly messages?: number
  /** Their size in bytes. @default 16777216 (16 MiB) */
  readonly bytes?: number
  /** Messages that may wait for room; one more fails at once with BUFFER_FULL. @default 100000 */
  readonly waitingMessages?: number
  /** Their size in bytes, without the one in front: however large it is, it keeps out no small ones. @default 16777216 (16 MiB) */
  readonly waitingBytes?: number
}
