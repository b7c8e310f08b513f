import { int16, int32, sized, string } from './bytes.js'
import type { RequestHead } from './request.js'

/** The only version that is understood: what the adapter writes. */
const produceVersion = 7

/** A batch of records for one partition. */
export interface PartitionRecords {
  readonly topic: string
  readonly partition: number
  readonly records: Buffer
}

export interface ProduceRequest {
  /** Everything before the topics. */
  readonly head: Buffer
  readonly partitions: readonly PartitionRecords[]
}

/** `undefined`: it is of another version. */
export function readProduce(frame: Buffer, { version, end }: RequestHead): ProduceRequest | undefined {
  if (version !== produceVersion) return undefined
  // The transaction, and acks and timeout behind it.
  let at = end + 2 + Math.max(0, frame.readInt16BE(end)) + 6
  const head = frame.subarray(4, at)
  const partitions: PartitionRecords[] = []
  let topics = frame.readInt32BE(at)
  at += 4
  for (; topics > 0; topics -= 1) {
    const nameEnd = at + 2 + frame.readInt16BE(at)
    const topic = frame.toString('utf8', at + 2, nameEnd)
    let count = frame.readInt32BE(nameEnd)
    at = nameEnd + 4
    for (; count > 0; count -= 1) {
      const partition = frame.readInt32BE(at)
      const recordsEnd = at + 8 + frame.readInt32BE(at + 4)
      partitions.push({ topic, partition, records: frame.subarray(at + 8, recordsEnd) })
      at = recordsEnd
    }
  }
  return { head, partitions }
}

/** The same with other partitions. */
export function writeProduce({ head, partitions }: ProduceRequest): Buffer {
  // A topic for each: nobody minds that it comes more than once.
  const parts = partitions.flatMap(({ topic, partition, records }) => [
    string(topic),
    int32(1),
    int32(partition),
    sized(records),
  ])
  return framed([head, int32(partitions.length), ...parts])
}

/** What a broker says of a batch that it refuses. */
export interface Refusal {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
}

/** The answer to a request of which nothing goes on. */
export function writeRefusals(correlationId: number, refusals: readonly Refusal[]): Buffer {
  const entries = refusals.map((one) => refusal(one))
  return framed([int32(correlationId), int32(refusals.length), ...entries, int32(0)])
}

/** An answer of the broker with refusals of what it has not seen. */
export function withRefusals(answer: Buffer, refusals: readonly Refusal[]): Buffer {
  const count = answer.readInt32BE(8)
  const entries = refusals.map((one) => refusal(one))
  return framed([answer.subarray(4, 8), int32(count + refusals.length), ...entries, answer.subarray(12)])
}

/** An answer in which the broker has an error to tell of some partitions. */
export function withErrors(answer: Buffer, of: readonly PartitionRecords[], errorCode: number): Buffer {
  const changed = Buffer.from(answer)
  const isMeant = (topic: string, partition: number): boolean =>
    of.some((one) => one.topic === topic && one.partition === partition)
  let at = 12
  for (let topics = answer.readInt32BE(8); topics > 0; topics -= 1) {
    const nameEnd = at + 2 + answer.readInt16BE(at)
    const topic = answer.toString('utf8', at + 2, nameEnd)
    at = nameEnd + 4
    for (let count = answer.readInt32BE(nameEnd); count > 0; count -= 1) {
      if (isMeant(topic, answer.readInt32BE(at))) {
        changed.writeInt16BE(errorCode, at + 4)
        nothing.copy(changed, at + 6)
      }
      at += 6 + nothing.length
    }
  }
  return changed
}

/** No offset, no time, no beginning of the log. */
const nothing = Buffer.alloc(24, 0xff)

function refusal({ topic, partition, errorCode }: Refusal): Buffer {
  return Buffer.concat([string(topic), int32(1), int32(partition), int16(errorCode), nothing])
}

const framed = (parts: readonly Buffer[]): Buffer => sized(Buffer.concat(parts))
