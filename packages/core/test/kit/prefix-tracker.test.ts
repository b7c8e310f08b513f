import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PrefixTracker } from '../../src/kit/prefix-tracker.js'

function filled(...positions: readonly number[]): {
  tracker: PrefixTracker<number>
  done: (...at: number[]) => boolean[]
} {
  const tracker = new PrefixTracker<number>()
  const handles = new Map(positions.map((position) => [position, tracker.append(position, position * 10)]))
  return { tracker, done: (...at) => at.map((position) => tracker.done(handles.get(position) ?? -1)) }
}

describe('PrefixTracker', () => {
  it('knows nothing before the first delivery', () => {
    const tracker = new PrefixTracker<bigint>()
    expect(tracker.prefix).toBeUndefined()
    expect(tracker.oldestOpen).toBeUndefined()
    expect(tracker.oldestOpenSince).toBeUndefined()
    expect(tracker.takePrefix()).toBeUndefined()
    expect(tracker.takeAhead(10)).toEqual([])
    expect(tracker.aheadRanges()).toEqual([])
    expect([tracker.open, tracker.ahead]).toEqual([0, 0])
  })

  it('advances over what is done without a gap and says so', () => {
    const { tracker, done } = filled(1, 2, 3, 4)
    expect(done(2, 3)).toEqual([false, false])
    expect(tracker.prefix).toBeUndefined()
    expect([tracker.open, tracker.ahead]).toEqual([2, 2])
    expect(done(1)).toEqual([true])
    expect(tracker.prefix).toBe(3)
    expect([tracker.open, tracker.ahead]).toEqual([1, 0])
  })

  it('counts a delivery that is done twice once, also after the prefix has passed it', () => {
    const { tracker, done } = filled(1, 2, 3)
    expect(done(2, 2)).toEqual([false, false])
    expect([tracker.open, tracker.ahead]).toEqual([2, 1])
    expect(done(1, 1, 2)).toEqual([true, false, false])
    expect([tracker.open, tracker.ahead]).toEqual([1, 0])
  })

  it('ignores handles that it never gave', () => {
    const { tracker } = filled(1)
    expect([tracker.done(1), tracker.done(-1), tracker.done(64)]).toEqual([false, false, false])
    expect(tracker.open).toBe(1)
  })

  it('works on bigint positions with gaps', () => {
    const tracker = new PrefixTracker<bigint>()
    const handles = [2n ** 60n, 2n ** 60n + 7n, 2n ** 60n + 8n].map((position) => tracker.append(position, 0))
    for (const handle of handles.slice(0, 2)) tracker.done(handle)
    expect(tracker.prefix).toBe(2n ** 60n + 7n)
    expect(tracker.oldestOpen).toBe(2n ** 60n + 8n)
  })

  it('refuses a position that does not lie behind the one before', () => {
    const { tracker } = filled(5)
    expect(() => tracker.append(5, 0)).toThrow(RangeError)
    expect(() => tracker.append(4, 0)).toThrow(/4 does not lie behind 5/)
    expect(tracker.open).toBe(1)
  })

  it('names the oldest open delivery and its moment', () => {
    const { tracker, done } = filled(1, 2, 3)
    expect([tracker.oldestOpen, tracker.oldestOpenSince]).toEqual([1, 10])
    done(2, 1)
    expect([tracker.oldestOpen, tracker.oldestOpenSince]).toEqual([3, 30])
    done(3)
    expect([tracker.oldestOpen, tracker.oldestOpenSince]).toEqual([undefined, undefined])
  })

  it('hands the prefix out once per advance', () => {
    const { tracker, done } = filled(1, 2, 3)
    done(1, 2)
    expect([tracker.takePrefix(), tracker.takePrefix()]).toEqual([2, undefined])
    done(3)
    expect([tracker.takePrefix(), tracker.prefix]).toEqual([3, 3])
  })

  it('hands out what is done ahead once, oldest first, up to the limit', () => {
    const { tracker, done } = filled(1, 2, 3, 4, 5, 6)
    done(6, 3, 5)
    expect(tracker.takeAhead(2)).toEqual([3, 5])
    expect(tracker.takeAhead(2)).toEqual([6])
    expect(tracker.takeAhead(2)).toEqual([])
    done(2)
    expect(tracker.takeAhead(2)).toEqual([2])
    expect(tracker.ahead).toBe(4)
  })

  it('never hands a position out twice: a prefix that ends in singly settled ones ends before them', () => {
    const { tracker, done } = filled(1, 2, 3, 4, 5)
    done(3, 4)
    expect(tracker.takeAhead(16)).toEqual([3, 4])
    done(1)
    expect([tracker.takePrefix(), tracker.prefix]).toEqual([1, 1])
    done(2)
    expect([tracker.takePrefix(), tracker.prefix]).toEqual([2, 4])
    done(5)
    expect([tracker.takePrefix(), tracker.prefix]).toEqual([5, 5])
  })

  it('reports what is done ahead as ranges of neighbours, across positions that never came', () => {
    const { tracker, done } = filled(10, 11, 15, 16, 20, 21, 30)
    done(11, 15, 20, 30)
    expect(tracker.aheadRanges()).toEqual([
      { first: 11, last: 15 },
      { first: 20, last: 20 },
      { first: 30, last: 30 },
    ])
    expect(tracker.aheadRanges(1)).toEqual([{ first: 11, last: 15 }])
    tracker.takeAhead(1)
    expect(tracker.aheadRanges(2)).toHaveLength(2)
    done(10)
    expect(tracker.prefix).toBe(15)
    expect(tracker.aheadRanges()[0]).toEqual({ first: 20, last: 20 })
  })

  it('keeps everything when it grows in the middle of its ring', () => {
    const tracker = new PrefixTracker<number>()
    const handles = Array.from({ length: 40 }, (_, i) => tracker.append(i, i))
    for (const handle of handles) tracker.done(handle)
    const more = Array.from({ length: 100 }, (_, i) => tracker.append(100 + i, 1_000 + i))
    for (const handle of more.slice(20, 60)) tracker.done(handle)
    expect(tracker.aheadRanges()).toEqual([{ first: 120, last: 159 }])
    expect([tracker.oldestOpen, tracker.oldestOpenSince]).toEqual([100, 1_000])
    for (const handle of more.slice(0, 20)) tracker.done(handle)
    expect([tracker.prefix, tracker.oldestOpen, tracker.oldestOpenSince]).toEqual([159, 160, 1_060])
    const late = tracker.append(300, 2_000)
    for (const handle of [...more.slice(60), late]) tracker.done(handle)
    expect([tracker.prefix, tracker.open]).toEqual([300, 0])
  })

  it('agrees with a plain list, whatever is done in whatever order', () => {
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 90 }).map(append) },
      { weight: 6, arbitrary: fc.nat(10_000).map(endAny) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 60 }).map(endOldest) },
      { weight: 1, arbitrary: fc.nat(8).map(takeAhead) },
      { weight: 1, arbitrary: fc.constant(takePrefix) },
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const tracker = new PrefixTracker<number>()
        const list: Entry[] = []
        for (const operate of operations) {
          operate(tracker, list)
          const prefix = prefixLength(list)
          const rest = list.slice(prefix)
          expect(tracker.prefix).toBe(list[prefix - 1]?.position)
          expect(tracker.open).toBe(rest.filter((entry) => !entry.done).length)
          expect(tracker.ahead).toBe(rest.filter((entry) => entry.done).length)
          expect([tracker.oldestOpen, tracker.oldestOpenSince]).toEqual([rest[0]?.position, rest[0]?.position])
          const ranges = tracker.aheadRanges()
          const inRanges = rest.filter((entry) =>
            ranges.some((range) => range.first <= entry.position && entry.position <= range.last),
          )
          expect(inRanges).toEqual(rest.filter((entry) => entry.done))
        }
      }),
      { numRuns: 100 },
    )
  })

  it('counts right while a window slides over a million deliveries', () => {
    const tracker = new PrefixTracker<number>()
    const slots = 64
    const window: number[] = []
    for (let position = 1; position <= 1_000_000; position += 1) {
      window.push(tracker.append(position, position))
      if (window.length === slots) {
        // Odd ones first, so that half of them is done ahead each time.
        for (let i = 1; i < slots; i += 2) tracker.done(window[i] ?? -1)
        for (let i = 0; i < slots; i += 2) tracker.done(window[i] ?? -1)
        window.length = 0
      }
    }
    expect(tracker.prefix).toBe(1_000_000)
    expect([tracker.open, tracker.ahead]).toEqual([0, 0])
  })
})

interface Entry {
  readonly position: number
  readonly handle: number
  done: boolean
  taken: boolean
}
type Operation = (tracker: PrefixTracker<number>, list: Entry[]) => void

function prefixLength(list: readonly Entry[]): number {
  const open = list.findIndex((entry) => !entry.done)
  return open === -1 ? list.length : open
}

function append(count: number): Operation {
  return (tracker, list) => {
    for (let i = 0; i < count; i += 1) {
      const position = (list.at(-1)?.position ?? 0) + 1 + (i % 3)
      list.push({ position, handle: tracker.append(position, position), done: false, taken: false })
    }
  }
}

function end(tracker: PrefixTracker<number>, list: readonly Entry[], entry: Entry | undefined): void {
  if (entry === undefined) return
  const before = prefixLength(list)
  entry.done = true
  expect(tracker.done(entry.handle)).toBe(prefixLength(list) > before)
}

function endAny(which: number): Operation {
  return (tracker, list) => end(tracker, list, list[which % Math.max(1, list.length)])
}

function endOldest(count: number): Operation {
  return (tracker, list) => {
    for (let i = 0; i < count; i += 1) end(tracker, list, list[prefixLength(list)])
  }
}

function takePrefix(tracker: PrefixTracker<number>, list: readonly Entry[]): void {
  const untaken = list.slice(0, prefixLength(list)).filter((entry) => !entry.taken)
  expect(tracker.takePrefix()).toBe(untaken.at(-1)?.position)
  for (const entry of untaken) entry.taken = true
}

function takeAhead(limit: number): Operation {
  return (tracker, list) => {
    const ahead = list.slice(prefixLength(list)).filter((entry) => entry.done && !entry.taken)
    const wanted = ahead.slice(0, limit)
    expect(tracker.takeAhead(limit)).toEqual(wanted.map((entry) => entry.position))
    for (const entry of wanted) entry.taken = true
  }
}
