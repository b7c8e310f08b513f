import { byTopic } from '../partitions.js'
import { ByteReader } from '../records/byte-reader.js'
import { ByteWriter } from '../records/byte-writer.js'
import type { KafkaRequest } from './requests.js'

/** A batch for one partition. */
export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  readonly batch: Buffer
}

export interface ProduceAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** Offset of the first record of the batch; -1 where there is an error. */
  readonly baseOffset: number
  /** Wall time of the broker; -1 where the topic keeps the time of the record. */
  readonly appendedMs: number
}

const API_KEY = 0
/** The oldest that Kafka 4 takes, and the newest before strings were written in another way. */
const VERSION = 7
const ALL_IN_SYNC = -1

/** Each batch is answered when every replica in sync has it. At most one of a partition: answers come by partition. */
export function produceRequest(
  batches: readonly PartitionBatch[],
  timeoutMs: number,
): KafkaRequest<readonly ProduceAnswer[]> {
  return { name: 'Produce', apiKey: API_KEY, version: VERSION, encode: () => encode(batches, timeoutMs), decode }
}

function encode(batches: readonly PartitionBatch[], timeoutMs: number): Buffer {
  const topics = byTopic(batches)
  let size = 2 + 2 + 4 + 4
  for (const [topic, own] of topics) {
    size += 2 + Buffer.byteLength(topic) + 4
    for (const { batch } of own) size += 4 + 4 + batch.length
  }
  const out = new ByteWriter(size)
  // No transaction.
  out.int16(-1)
  out.int16(ALL_IN_SYNC)
  out.int32(timeoutMs)
  out.int32(topics.size)
  for (const [topic, own] of topics) {
    out.string(topic)
    out.int32(own.length)
    for (const { partition, batch } of own) {
      out.int32(partition)
      out.int32(batch.length)
      out.raw(batch)
    }
  }
  return out.bytes
}

function decode(payload: Buffer): readonly ProduceAnswer[] {
  const reader = new ByteReader(payload)
  const answers: ProduceAnswer[] = []
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topic = reader.string() ?? ''
    for (let partitions = reader.int32(); partitions > 0; partitions -= 1) {
      const partition = reader.int32()
      const errorCode = reader.int16()
      const baseOffset = reader.int64()
      const appendedMs = reader.int64()
      // Where the log begins.
      reader.skip(8)
      answers.push({ topic, partition, errorCode, baseOffset, appendedMs })
    }
  }
  return answers
}
