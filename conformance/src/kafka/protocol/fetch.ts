import { array, int32, readString, string } from './bytes.js'
import type { KafkaConnection } from './connection.js'
import { messageIdsIn } from './message-ids.js'

const fetchKey = 1
const version = 4
const mostBytes = 8 * 1024 * 1024
/** What is committed. */
const isolation = 1
/** Base offset and length stand before what the length counts. */
const beforeLength = 12
const lastOffsetDeltaAt = 23

export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface Fetched {
  readonly messages: readonly { readonly offset: number; readonly id: string }[]
  /** Behind the last batch. The one that was asked for when there is none. */
  readonly next: number
}

/** The messages with an id that a partition has from a position on, as many as come in one answer. Asked of the node that leads it. */
export async function fetchFrom(connection: KafkaConnection, { topic, partition, offset }: Position): Promise<Fetched> {
  const at = Buffer.alloc(8)
  at.writeBigInt64BE(BigInt(offset))
  const wanted = Buffer.concat([int32(partition), at, int32(mostBytes)])
  const answer = await connection.ask(fetchKey, version, [
    ...[int32(-1), int32(0), int32(1), int32(mostBytes), Buffer.from([isolation])],
    array([Buffer.concat([string(topic), array([wanted])])]),
  ])
  // Behind the throttle time and one topic; then the number of partitions and of the one.
  const start = readString(answer, 8)[1] + 8
  const errorCode = answer.readInt16BE(start)
  if (errorCode !== 0) throw new Error(`fetch of ${topic} ${partition} at ${offset}: error ${errorCode}`)
  // Behind the two ends; each transaction that was given up is two numbers of 8 bytes.
  const abortedAt = start + 18
  const recordsAt = abortedAt + 4 + Math.max(0, answer.readInt32BE(abortedAt)) * 16
  return readBatches(answer.subarray(recordsAt + 4, recordsAt + 4 + Math.max(0, answer.readInt32BE(recordsAt))), offset)
}

/** The last one may be cut off. The first one may begin before what was asked for. */
function readBatches(bytes: Buffer, offset: number): Fetched {
  const messages: { offset: number; id: string }[] = []
  let next = offset
  for (let at = 0; at + beforeLength <= bytes.length;) {
    const end = at + beforeLength + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const batch = bytes.subarray(at, end)
    const first = Number(batch.readBigInt64BE(0))
    messageIdsIn(batch).forEach((id, index) => {
      if (id !== undefined && first + index >= offset) messages.push({ offset: first + index, id })
    })
    next = first + batch.readInt32BE(lastOffsetDeltaAt) + 1
    at = end
  }
  return { messages, next }
}
