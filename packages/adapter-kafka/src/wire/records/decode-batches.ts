import { ByteReader, MalformedBytes } from './byte-reader.js'
import { COMPRESSION_MASK, CONTROL, FORMAT, layout, LOG_APPEND_TIME, TRANSACTIONAL } from './batch-layout.js'
import { decompress } from './codecs.js'
import { crc32c } from './crc32c.js'
import type { FetchedRecord, RecordHeaders } from './record.js'

/** What a transaction ended with, as far as a mark of the broker's says so. */
export type ControlMark = 'abort' | 'commit' | 'other'

export interface FetchedBatch {
  readonly baseOffset: number
  /** Behind the last offset of the batch, also where compaction or a mark has left nothing there. */
  readonly nextOffset: number
  readonly producerId: bigint
  readonly transactional: boolean
  /** `undefined`: it holds messages. */
  readonly control: ControlMark | undefined
  readonly records: readonly FetchedRecord[]
}

/** A batch that cannot be read, between two that can. */
export interface UnreadableBatch {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly cause: Error
}

const ABORT = 0
const COMMIT = 1
const noHeaders: RecordHeaders = Object.freeze([])

/**
 * The batches of one partition in an answer, in order. The last one may be cut off, because the broker counts bytes: it is left out, and
 * comes whole with the next fetch.
 */
export function decodeBatches(bytes: Uint8Array): (FetchedBatch | UnreadableBatch)[] {
  const batches: (FetchedBatch | UnreadableBatch)[] = []
  for (let at = 0; bytes.length - at >= layout.afterLength;) {
    const head = new ByteReader(bytes, at)
    const baseOffset = head.int64()
    const end = at + layout.afterLength + head.int32()
    if (end > bytes.length) break
    batches.push(decodeBatch(bytes, at, end, baseOffset))
    at = Math.max(end, at + layout.afterLength)
  }
  return batches
}

function decodeBatch(bytes: Uint8Array, at: number, end: number, baseOffset: number): FetchedBatch | UnreadableBatch {
  let nextOffset = baseOffset + 1
  try {
    const reader = new ByteReader(bytes, at + layout.afterLength, end)
    // The epoch of the leader.
    reader.skip(4)
    const format = reader.int8()
    if (format !== FORMAT) throw new MalformedBytes(`records of format ${format}, which Kafka wrote before 0.11`)
    const crc = reader.uint32()
    const found = crc32c(bytes, at + layout.attributes, end)
    const attributes = reader.int16()
    nextOffset = baseOffset + Math.max(0, reader.int32()) + 1
    if (crc !== found) throw new MalformedBytes(`the check sum says ${crc}, and the bytes have ${found}`)
    const firstTime = reader.int64()
    const maxTime = reader.int64()
    const producerId = reader.bigint64()
    // Epoch and first sequence of the producer.
    reader.skip(6)
    const count = reader.int32()
    const codec = attributes & COMPRESSION_MASK
    const packed = reader.raw(reader.left)
    const records = new ByteReader(codec === 0 ? packed : decompress(codec, packed))
    const times = { firstTime, appendTime: (attributes & LOG_APPEND_TIME) === 0 ? undefined : maxTime }
    const control = (attributes & CONTROL) !== 0
    const read = readRecords(records, count, baseOffset, times)
    return {
      baseOffset,
      nextOffset,
      producerId,
      transactional: (attributes & TRANSACTIONAL) !== 0,
      control: control ? markOf(read[0]) : undefined,
      records: control ? [] : read,
    }
  } catch (error) {
    return { baseOffset, nextOffset, cause: error as Error }
  }
}

interface BatchTimes {
  readonly firstTime: number
  /** Instead of the time of each record. */
  readonly appendTime: number | undefined
}

function readRecords(
  reader: ByteReader,
  count: number,
  baseOffset: number,
  { firstTime, appendTime }: BatchTimes,
): FetchedRecord[] {
  const records: FetchedRecord[] = []
  for (let index = 0; index < count; index += 1) {
    const end = reader.varint() + reader.position
    // Attributes: none are in use.
    reader.skip(1)
    const timestampMs = firstTime + reader.varint()
    const offset = baseOffset + reader.varint()
    const key = reader.varbytes()
    const value = reader.varbytes()
    const headers = readHeaders(reader)
    // What a later version may add stands at the end.
    reader.skip(end - reader.position)
    records.push({ offset, key, value, headers, timestampMs: appendTime ?? timestampMs })
  }
  return records
}

function readHeaders(reader: ByteReader): RecordHeaders {
  const count = reader.varint()
  if (count <= 0) return noHeaders
  const headers: [string, Uint8Array | null][] = []
  for (let index = 0; index < count; index += 1) headers.push([reader.text(reader.varint()), reader.varbytes()])
  return headers
}

/** The key of a mark is a version and a kind. */
function markOf(record: FetchedRecord | undefined): ControlMark {
  if (record?.key === undefined || record.key === null || record.key.length < 4) return 'other'
  const reader = new ByteReader(record.key)
  reader.skip(2)
  const kind = reader.int16()
  return kind === ABORT ? 'abort' : kind === COMMIT ? 'commit' : 'other'
}
