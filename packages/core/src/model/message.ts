import type { HeaderList } from './headers.js'
import type { Key } from './key.js'
import type { SchemaMap, Topic, TypedTopic } from './topic.js'
import type { SchemaInput, SchemaOutput } from './schema.js'

/** What a handler gets: the payload and what was written with it. */
export interface Message<Payload = unknown, Type extends string | undefined = string | undefined> {
  /** Stable over redeliveries, resends and redrives. A foreign message without one has its position or an empty string. */
  readonly id: string
  readonly topic: string
  readonly type: Type
  readonly payload: Payload
  readonly key: Key | null
  /** Headers whose value is text. Names that Sluice reserves are left out. */
  readonly headers: Readonly<Record<string, string>>
  /** All headers as they were on the wire: repeated names, bytes, reserved names. */
  readonly rawHeaders: HeaderList
  readonly correlationId: string | undefined
  readonly contentType: string | undefined
  /** Wall time of the publisher in ms since 1970; `undefined` when a foreign producer wrote none. */
  readonly timestampMs: number | undefined
}

/** The message of a topic, as its handlers see it. For a topic with several types a union that `type` tells apart. */
export type MessageOf<T> =
  T extends TypedTopic<infer M, boolean>
    ? { [K in keyof M & string]: Message<SchemaOutput<M[K]>, K> }[keyof M & string]
    : T extends Topic<unknown, infer O, boolean>
      ? Message<O>
      : never

/** The payload that a publisher of the topic passes. */
export type PayloadOf<M extends SchemaMap, Type extends keyof M> = SchemaInput<M[Type]>

/** What `publish` resolves with: the broker holds the message durably. */
export interface Receipt {
  readonly id: string
  readonly topic: string
  /** Partition that the message went to; 0 where the broker maps keys itself. */
  readonly partition: number
  /** Position inside the partition, where the broker tells one. */
  readonly position: string | undefined
}
