import { readVarint } from './varint.js'

/** Where the records of a batch of format 2 begin. */
const recordsAt = 61
const countAt = 57
const attributesAt = 21
const compression = 0x07
const idHeader = 'sluice-id'

/** The ids of the messages in a batch, in their order; `undefined` for one that has none. */
export function messageIdsIn(batch: Buffer): readonly (string | undefined)[] {
  const count = batch.readInt32BE(countAt)
  // The adapter does not compress.
  if ((batch.readInt16BE(attributesAt) & compression) !== 0) return Array.from({ length: count }, () => undefined)
  const ids: (string | undefined)[] = []
  let [length, at] = readVarint(batch, recordsAt)
  for (let left = count; left > 0; left -= 1) {
    const end = at + length
    ids.push(idOf(batch, at))
    if (left > 1) [length, at] = readVarint(batch, end)
  }
  return ids
}

function idOf(batch: Buffer, start: number): string | undefined {
  // The attributes, time and offset; key and value.
  const key = skip(batch, skip(batch, start + 1))
  const headers = skipBytes(batch, skipBytes(batch, key))
  let id: string | undefined
  let [count, next] = readVarint(batch, headers)
  for (; count > 0; count -= 1) {
    const [nameLength, nameAt] = readVarint(batch, next)
    const [valueLength, valueAt] = readVarint(batch, nameAt + nameLength)
    next = valueAt + Math.max(0, valueLength)
    if (batch.toString('utf8', nameAt, nameAt + nameLength) === idHeader) id = batch.toString('utf8', valueAt, next)
  }
  return id
}

/** Behind bytes with their length before them; there may be none. */
function skipBytes(batch: Buffer, at: number): number {
  const [length, next] = readVarint(batch, at)
  return next + Math.max(0, length)
}

const skip = (batch: Buffer, at: number): number => readVarint(batch, at)[1]
