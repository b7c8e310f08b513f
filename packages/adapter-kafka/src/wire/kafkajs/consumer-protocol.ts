import type { TopicPartition } from '../port.js'
import { byTopic } from '../partitions.js'
import { ByteReader } from '../records/byte-reader.js'
import { ByteWriter } from '../records/byte-writer.js'

/** What a member tells whoever assigns. */
export interface Subscription {
  readonly topics: readonly string[]
  /** What it holds at that moment, and lets go of only after it was told to. */
  readonly owned: readonly TopicPartition[]
}

/** The format of consumers, so that the tools of Kafka can read it. Version 1 is the first in which a member says what it holds. */
const SUBSCRIPTION_VERSION = 1
const ASSIGNMENT_VERSION = 0

export function writeSubscription({ topics, owned }: Subscription): Buffer {
  const held = byTopic(owned)
  let size = 2 + 4 + 4 + partitionsSize(held)
  for (const topic of topics) size += 2 + Buffer.byteLength(topic)
  const out = new ByteWriter(size)
  out.int16(SUBSCRIPTION_VERSION)
  out.int32(topics.length)
  for (const topic of topics) out.string(topic)
  // No data of our own.
  out.int32(-1)
  writePartitions(out, held)
  return out.bytes
}

/** @throws MalformedBytes when a member of another kind is in the group */
export function readSubscription(bytes: Uint8Array): Subscription {
  const reader = new ByteReader(bytes)
  const version = reader.int16()
  const topics: string[] = []
  for (let count = reader.int32(); count > 0; count -= 1) topics.push(reader.string() ?? '')
  const dataBytes = reader.int32()
  if (dataBytes > 0) reader.skip(dataBytes)
  return { topics, owned: version >= SUBSCRIPTION_VERSION ? readPartitions(reader) : [] }
}

export function writeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const topics = byTopic(partitions)
  const out = new ByteWriter(2 + partitionsSize(topics) + 4)
  out.int16(ASSIGNMENT_VERSION)
  writePartitions(out, topics)
  out.int32(-1)
  return out.bytes
}

export function readAssignment(bytes: Uint8Array): readonly TopicPartition[] {
  // A member that gets nothing may be sent nothing.
  if (bytes.length === 0) return []
  const reader = new ByteReader(bytes)
  reader.skip(2)
  return readPartitions(reader)
}

function partitionsSize(topics: ReadonlyMap<string, readonly TopicPartition[]>): number {
  let size = 4
  for (const [topic, partitions] of topics) size += 2 + Buffer.byteLength(topic) + 4 + 4 * partitions.length
  return size
}

function writePartitions(out: ByteWriter, topics: ReadonlyMap<string, readonly TopicPartition[]>): void {
  out.int32(topics.size)
  for (const [topic, partitions] of topics) {
    out.string(topic)
    out.int32(partitions.length)
    for (const { partition } of partitions) out.int32(partition)
  }
}

function readPartitions(reader: ByteReader): readonly TopicPartition[] {
  const partitions: TopicPartition[] = []
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topic = reader.string() ?? ''
    for (let count = reader.int32(); count > 0; count -= 1) partitions.push({ topic, partition: reader.int32() })
  }
  return partitions
}
