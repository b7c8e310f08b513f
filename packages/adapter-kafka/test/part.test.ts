import { describe, expect, it } from 'vitest'
import { emptyCheckpoint, readCheckpoint, type Checkpoint } from '../src/checkpoint.js'
import { Part } from '../src/part.js'

const at = { topic: 'orders', partition: 0 }

function partFrom(offset: number, checkpoint: Partial<Checkpoint> = {}, mostBuffered = 100): Part {
  return new Part(at, false, offset, { ...emptyCheckpoint, ...checkpoint }, mostBuffered)
}

function fetch(part: Part, offsets: readonly number[], next: number): void {
  part.fetched({
    records: offsets.map((offset) => ({ offset, key: null, value: Buffer.alloc(10), headers: [], timestampMs: 0 })),
    next,
  })
}

/** Takes everything that may be handed over; returns handles by offset. */
function takeAll(part: Part): ReadonlyMap<number, number> {
  const taken = new Map<number, number>()
  for (let record = part.peek(0); record !== undefined; record = part.peek(0))
    taken.set(record.offset, part.take(record, 0))
  return taken
}

function stored(part: Part) {
  const { offset, metadata } = part.snapshot()
  return { offset, ahead: readCheckpoint(offset, metadata)?.ahead }
}

describe('a part', () => {
  it('goes over marks and gaps that belong to nobody', () => {
    const part = partFrom(0)
    fetch(part, [], 3)
    expect(stored(part).offset).toBe(3)
    fetch(part, [3, 7], 12)
    expect(stored(part).offset).toBe(3)
    const handles = takeAll(part)
    part.done(handles.get(3) ?? -1, 3)
    expect(stored(part).offset).toBe(7)
    part.done(handles.get(7) ?? -1, 7)
    expect(stored(part).offset).toBe(12)
  })

  it('forgets the counts of what retention has taken: what is stored can be read', () => {
    const part = partFrom(1_000, {
      failures: new Map([[1_000, 3]]),
      starts: new Map([
        [1_000, 1],
        [5_001, 2],
      ]),
    })
    part.jump(5_000, 0)
    const { offset, metadata } = part.snapshot()
    expect(offset).toBe(5_000)
    expect(readCheckpoint(offset, metadata)).toMatchObject({ failures: new Map(), starts: new Map([[5_001, 2]]) })
  })

  it('never stores what is only fetched as done', () => {
    const part = partFrom(0)
    fetch(part, [0, 1], 2)
    const record = part.peek(0)
    if (record !== undefined) part.done(part.take(record, 0), 0)
    expect(stored(part)).toEqual({ offset: 1, ahead: [] })
  })

  it('keeps what was done ahead, also behind what it has read again', () => {
    const ahead = [
      { first: 2, last: 3 },
      { first: 8, last: 9 },
    ]
    const part = partFrom(1, { ahead })
    expect(stored(part)).toEqual({ offset: 1, ahead })
    fetch(part, [1, 2, 3, 4], 5)
    const handles = takeAll(part)
    expect([...handles.keys()]).toEqual([1, 4])
    part.done(handles.get(4) ?? -1, 4)
    expect(stored(part)).toEqual({
      offset: 1,
      ahead: [
        { first: 2, last: 4 },
        { first: 8, last: 9 },
      ],
    })
    part.done(handles.get(1) ?? -1, 1)
    expect(stored(part)).toEqual({ offset: 5, ahead: [{ first: 8, last: 9 }] })
  })

  it('begins again where it has got to, and passes over what is done', () => {
    const part = partFrom(0)
    fetch(part, [0, 1, 2, 3], 4)
    const handles = takeAll(part)
    part.done(handles.get(0) ?? -1, 0)
    part.done(handles.get(2) ?? -1, 2)
    part.restart()
    expect([part.next, part.offset, part.covered]).toEqual([1, 1, 'no'])
    fetch(part, [1, 2, 3], 4)
    expect([...takeAll(part).keys()]).toEqual([1, 3])
  })

  it('forgets the failures and starts of what is done', () => {
    const part = partFrom(0, { failures: new Map([[0, 2]]), starts: new Map([[0, 1]]) })
    fetch(part, [0], 1)
    part.done(takeAll(part).get(0) ?? -1, 0)
    expect([part.failures.size, part.starts.size]).toEqual([0, 0])
    expect(part.snapshot()).toEqual({ ...at, offset: 1, metadata: '' })
  })

  it('says when it has fetched enough, and when there is room again', () => {
    const part = partFrom(0, {}, 4)
    fetch(part, [0, 1, 2, 3], 4)
    expect([part.isFull, part.isLow]).toEqual([true, false])
    takeAll(part)
    expect([part.isFull, part.isLow]).toEqual([false, true])
    expect(part.buffered).toEqual({ messages: 0, bytes: 0 })
  })

  it('reads no further than a span behind the oldest that is open', () => {
    const part = partFrom(0)
    fetch(
      part,
      Array.from({ length: 65_540 }, (_, offset) => offset),
      65_540,
    )
    const handles = takeAll(part)
    expect(handles.size).toBe(65_536)
    part.done(handles.get(0) ?? -1, 0)
    expect(takeAll(part).size).toBe(1)
  })

  it('jumps over what is gone, and counts only what was still open', () => {
    const part = partFrom(0, { ahead: [{ first: 2, last: 3 }] })
    expect(part.jump(5, 0)).toBe(3)
    expect(stored(part)).toEqual({ offset: 5, ahead: [] })
  })
})
