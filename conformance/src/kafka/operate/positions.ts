import { readVarint } from '../protocol/varint.js'

/** Positions that lie next to each other, both ends included. */
export interface Run {
  readonly first: number
  readonly last: number
}

/** What stands before what the adapter keeps beside a position. */
const mark = 'sluice1.'

/** What is done behind a position, as the adapter keeps it beside it: three lists of pairs, and the runs. */
export function doneBehind(offset: number, metadata: string): readonly Run[] {
  if (!metadata.startsWith(mark)) return []
  const bytes = Buffer.from(metadata.slice(mark.length), 'base64url')
  let at = 0
  const next = (): number => {
    const [value, end] = readVarint(bytes, at)
    at = end
    return value
  }
  for (let list = 0; list < 3; list += 1) for (let left = next() * 2; left > 0; left -= 1) next()
  const runs: Run[] = []
  let before = offset
  for (let left = next(); left > 0; left -= 1) {
    const first = before + next()
    const last = first + next()
    runs.push({ first, last })
    before = last
  }
  return runs
}

/** How many from one position up to another, without it, are in none of the runs, which may lie over each other. */
export function countOutside(from: number, to: number, runs: readonly Run[]): number {
  let count = 0
  let at = from
  for (const { first, last } of runs.toSorted((a, b) => a.first - b.first)) {
    if (first > at) count += Math.max(0, Math.min(first, to) - at)
    at = Math.max(at, last + 1)
  }
  return count + Math.max(0, to - at)
}
