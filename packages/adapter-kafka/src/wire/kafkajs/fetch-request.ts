import type { FetchLimits } from '../port.js'
import { ByteReader } from '../records/byte-reader.js'
import { ByteWriter } from '../records/byte-writer.js'
import type { KafkaRequest } from './requests.js'

/** Where reading of one partition goes on. */
export interface FetchFrom {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** Of producers whose transactions were given up: nothing of them from that offset on is a message, until the mark that says so. */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[]
  /** Batches, the last of which may be cut off. */
  readonly records: Uint8Array
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
}

const API_KEY = 1
/** The newest before strings were written in another way. Kafka 3.9 and 4 take 4 to 17. */
const VERSION = 11
const READ_COMMITTED = 1
const none = new Uint8Array(0)

/** A request without a session: each names all of its partitions, so a partition that is left out is one that pauses. */
export function fetchRequest(from: readonly FetchFrom[], limits: FetchLimits): KafkaRequest<FetchAnswer> {
  return { name: 'Fetch', apiKey: API_KEY, version: VERSION, encode: () => encode(from, limits), decode }
}

function encode(from: readonly FetchFrom[], limits: FetchLimits): Buffer {
  // One entry for each partition: a topic may come more than once.
  let size = 4 * 4 + 1 + 4 + 4 + 4 + 4 + 2
  for (const { topic } of from) size += 2 + Buffer.byteLength(topic) + 4 + (4 + 4 + 8 + 8 + 4)
  const out = new ByteWriter(size)
  // As a consumer, not as a replica.
  out.int32(-1)
  out.int32(limits.maxWaitMs)
  // As soon as there is anything.
  out.int32(1)
  out.int32(limits.maxBytes)
  out.int8(READ_COMMITTED)
  // No session.
  out.int32(0)
  out.int32(-1)
  out.int32(from.length)
  for (const { topic, partition, offset } of from) {
    out.string(topic)
    out.int32(1)
    out.int32(partition)
    // Any epoch of the leader.
    out.int32(-1)
    out.int64(offset)
    out.int64(-1)
    out.int32(limits.maxPartitionBytes)
  }
  // Nothing to forget, and no rack.
  out.int32(0)
  out.int16(0)
  return out.bytes
}

function decode(payload: Buffer): FetchAnswer {
  const reader = new ByteReader(payload)
  // How long to hold back: the broker waits by itself.
  reader.skip(4)
  const errorCode = reader.int16()
  // The session.
  reader.skip(4)
  const partitions: FetchedPartition[] = []
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topic = reader.string() ?? ''
    for (let count = reader.int32(); count > 0; count -= 1) partitions.push(decodePartition(reader, topic))
  }
  return { errorCode, partitions }
}

function decodePartition(reader: ByteReader, topic: string): FetchedPartition {
  const partition = reader.int32()
  const errorCode = reader.int16()
  // Where the log ends, with and without what is not committed, and where it begins.
  reader.skip(24)
  const aborted: { producerId: bigint; firstOffset: number }[] = []
  for (let count = reader.int32(); count > 0; count -= 1) {
    aborted.push({ producerId: reader.bigint64(), firstOffset: reader.int64() })
  }
  // A replica that would be nearer.
  reader.skip(4)
  const bytes = reader.int32()
  const records = bytes <= 0 ? none : reader.raw(bytes)
  return { topic, partition, errorCode, aborted, records }
}
