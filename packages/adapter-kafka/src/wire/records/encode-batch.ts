import { ByteWriter, varbytesSize, varintSize } from './byte-writer.js'
import { FORMAT, layout } from './batch-layout.js'
import { crc32c } from './crc32c.js'
import type { KafkaRecord, RecordHeaders } from './record.js'

/** Who writes the batch, so that the broker stores it once, however often it comes. */
export interface BatchOrigin {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Number of its first record, counted from 0 by this producer in this partition. */
  readonly firstSequence: number
}

/** How many bytes one record adds to a batch at most, wherever it stands in it. */
export function recordBytes({ key, value, headers }: KafkaRecord): number {
  // Length, attributes, and the two deltas at their longest.
  return 5 + 1 + 10 + 5 + varbytesSize(key) + varbytesSize(value) + headerBytes(headers)
}

/** A batch of at least one record, not compressed. */
export function encodeBatch(records: readonly KafkaRecord[], origin: BatchOrigin): Buffer {
  const times = records.map(({ timestampMs }) => timestampMs)
  const firstTime = times[0] ?? 0
  let maxTime = firstTime
  for (const time of times) if (time > maxTime) maxTime = time

  const sizes = records.map((record, index) => sizeOf(record, index, record.timestampMs - firstTime))
  let total: number = layout.records
  for (const size of sizes) total += varintSize(size) + size

  const out = new ByteWriter(total)
  out.int64(0)
  out.int32(total - layout.afterLength)
  // The epoch of the leader and the check sum: one is the broker's, the other comes last.
  out.int32(-1)
  out.int8(FORMAT)
  out.int32(0)
  out.int16(0)
  out.int32(records.length - 1)
  out.int64(firstTime)
  out.int64(maxTime)
  out.bigint64(origin.producerId)
  out.int16(origin.producerEpoch)
  out.int32(origin.firstSequence)
  out.int32(records.length)
  for (const [index, record] of records.entries()) {
    out.varint(sizes[index] as number)
    writeRecord(out, record, index, record.timestampMs - firstTime)
  }
  out.uint32At(crc32c(out.bytes, layout.attributes, total), layout.crc)
  return out.bytes
}

function sizeOf({ key, value, headers }: KafkaRecord, offsetDelta: number, timeDelta: number): number {
  const fixed = 1 + varintSize(timeDelta) + varintSize(offsetDelta)
  return fixed + varbytesSize(key) + varbytesSize(value) + headerBytes(headers)
}

function headerBytes(headers: RecordHeaders): number {
  let size = varintSize(headers.length)
  for (const header of headers) {
    const nameBytes = Buffer.byteLength(header[0])
    size += varintSize(nameBytes) + nameBytes + varbytesSize(header[1])
  }
  return size
}

function writeRecord(
  out: ByteWriter,
  { key, value, headers }: KafkaRecord,
  offsetDelta: number,
  timeDelta: number,
): void {
  out.int8(0)
  out.varint(timeDelta)
  out.varint(offsetDelta)
  out.varbytes(key)
  out.varbytes(value)
  out.varint(headers.length)
  for (const header of headers) {
    out.varint(Buffer.byteLength(header[0]))
    out.text(header[0])
    out.varbytes(header[1])
  }
}
