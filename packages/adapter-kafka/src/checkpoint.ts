import { ByteReader } from './wire/records/byte-reader.js'
import { ByteWriter, varintSize } from './wire/records/byte-writer.js'

/** Offsets that lie next to each other, both ends included. */
export interface OffsetRun {
  readonly first: number
  readonly last: number
}

/** What a group keeps about a partition beside the offset that it goes on from. All of it lies at that offset or behind it. */
export interface Checkpoint {
  /** Done before what stands at the offset: not to be handed over again. In order, with a gap before each. */
  readonly ahead: readonly OffsetRun[]
  /** Failed attempts of messages that are open. */
  readonly failures: ReadonlyMap<number, number>
  /** Starts without an end of messages that are suspected of ending their process. */
  readonly starts: ReadonlyMap<number, number>
  /** How often claims have come this far: behind their last message, and how many ended there. */
  readonly reached: ReadonlyMap<number, number>
}

export const emptyCheckpoint: Checkpoint = { ahead: [], failures: new Map(), starts: new Map(), reached: new Map() }

/** Whoever reads it knows by it what follows. */
const MARK = 'sluice1.'
/** As brokers come (`offset.metadata.max.bytes`). */
const MOST_CHARACTERS = 4096
const MOST_BYTES = Math.floor(((MOST_CHARACTERS - MARK.length) * 3) / 4)

/**
 * As the metadata of a commit at `offset`. What there is no room for is left out, what is done far ahead before all else: that
 * costs a second run after a crash and never a message.
 */
export function writeCheckpoint(offset: number, { ahead, failures, starts, reached }: Checkpoint): string {
  if (ahead.length === 0 && failures.size === 0 && starts.size === 0 && reached.size === 0) return ''
  const pairs: number[][] = []
  // Each list begins with how many pairs it has.
  let room = MOST_BYTES - 4 * varintSize(MOST_BYTES)
  for (const counts of [reached, starts, failures]) {
    const list: number[] = []
    let before = offset
    for (const [at, count] of [...counts].toSorted(([a], [b]) => a - b)) {
      room -= varintSize(at - before) + varintSize(count)
      if (room < 0) break
      list.push(at - before, count)
      before = at
    }
    pairs.push(list)
    room = Math.max(0, room)
  }
  const runs: number[] = []
  let before = offset
  for (const { first, last } of ahead) {
    room -= varintSize(first - before) + varintSize(last - first)
    if (room < 0) break
    runs.push(first - before, last - first)
    before = last
  }
  pairs.push(runs)
  return MARK + encode(pairs).toString('base64url')
}

/** `undefined`: somebody else's, or a form that is not known. */
export function readCheckpoint(offset: number, metadata: string): Checkpoint | undefined {
  if (metadata === '') return emptyCheckpoint
  if (!metadata.startsWith(MARK)) return undefined
  try {
    const reader = new ByteReader(Buffer.from(metadata.slice(MARK.length), 'base64url'))
    const [reached, starts, failures] = [0, 1, 2].map(() => new Map(readPairs(reader, offset)))
    const ahead: OffsetRun[] = []
    let before = offset
    for (const [gap, length] of eachPair(reader)) {
      const first = before + gap
      ahead.push({ first, last: first + length })
      before = first + length
    }
    if (reader.left > 0 || reached === undefined || starts === undefined || failures === undefined) return undefined
    return { reached, starts, failures, ahead }
  } catch {
    return undefined
  }
}

function encode(lists: readonly (readonly number[])[]): Buffer {
  let size = 0
  for (const list of lists) {
    size += varintSize(list.length / 2)
    for (const value of list) size += varintSize(value)
  }
  const out = new ByteWriter(size)
  for (const list of lists) {
    out.varint(list.length / 2)
    for (const value of list) out.varint(value)
  }
  return out.bytes
}

function* readPairs(reader: ByteReader, offset: number): Generator<[number, number]> {
  let before = offset
  for (const [step, count] of eachPair(reader)) {
    before += step
    yield [before, count]
  }
}

function* eachPair(reader: ByteReader): Generator<[number, number]> {
  for (let left = reader.varint(); left > 0; left -= 1) {
    const pair: [number, number] = [reader.varint(), reader.varint()]
    if (pair[0] < 0 || pair[1] < 0) throw new RangeError('a step back')
    yield pair
  }
}
