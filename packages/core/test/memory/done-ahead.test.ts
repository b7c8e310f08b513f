import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DoneAhead } from '../../src/memory/done-ahead.js'

const filled = (...offsets: readonly number[]): DoneAhead => {
  const ahead = new DoneAhead()
  for (const offset of offsets) ahead.add(offset)
  return ahead
}

describe('offsets that are done ahead', () => {
  it('join their neighbours on both sides', () => {
    expect(filled(5, 7, 9).runs).toEqual([
      { first: 5, last: 5 },
      { first: 7, last: 7 },
      { first: 9, last: 9 },
    ])
    expect(filled(5, 7, 9, 8).runs).toEqual([
      { first: 5, last: 5 },
      { first: 7, last: 9 },
    ])
    expect(filled(9, 8, 7, 5, 6).runs).toEqual([{ first: 5, last: 9 }])
  })

  it('are forgotten in the midst of a run', () => {
    const ahead = filled(1, 2, 5, 6, 7, 9)
    ahead.forgetBefore(6)
    expect(ahead.runs).toEqual([
      { first: 6, last: 7 },
      { first: 9, last: 9 },
    ])
    ahead.forgetBefore(100)
    expect(ahead.runs).toEqual([])
  })

  it('are the same as in a set', () => {
    const step = fc.oneof(
      { weight: 9, arbitrary: fc.record({ add: fc.nat(60) }) },
      { weight: 1, arbitrary: fc.record({ forgetBefore: fc.nat(60) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const ahead = new DoneAhead()
        const model = new Set<number>()
        for (const one of steps) {
          if ('add' in one) {
            ahead.add(one.add)
            model.add(one.add)
          } else {
            ahead.forgetBefore(one.forgetBefore)
            for (const offset of model) if (offset < one.forgetBefore) model.delete(offset)
          }
          const all = Array.from({ length: 62 }, (_, offset) => offset)
          expect(all.filter((offset) => ahead.has(offset))).toEqual([...model].sort((a, b) => a - b))
          for (const from of [0, 20, 61]) {
            expect([...ahead.runsFrom(from)]).toEqual(ahead.runs.filter(({ last }) => last >= from))
          }
          const ends = ahead.runs.flatMap(({ first, last }) => [first, last + 1])
          expect(ends).toEqual([...new Set(ends)].sort((a, b) => a - b))
        }
      }),
    )
  })
})
