/** Names may come more than once; they stay in their order. */
export type RecordHeaders = readonly (readonly [name: string, value: Uint8Array | null])[]

/** A message as Kafka keeps it. */
export interface KafkaRecord {
  readonly key: Uint8Array | null
  /** `null` is a tombstone. */
  readonly value: Uint8Array | null
  readonly headers: RecordHeaders
  /** Wall time. */
  readonly timestampMs: number
}

/** One that was read. Its bytes are views of the answer in which it came. */
export interface FetchedRecord extends KafkaRecord {
  readonly offset: number
}
