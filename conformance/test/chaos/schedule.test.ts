import { describe, expect, it } from 'vitest'
import { makeSchedule } from '../../src/chaos/schedule.js'
import type { FaultKind } from '../../src/chaos/target.js'

const kind = (id: string, weight: number): FaultKind => ({
  id,
  title: id,
  expectedMs: 1_000,
  weight,
  run: () => Promise.resolve(id),
})
const kinds = [kind('F1', 20), kind('F2', 1), kind('F3', 5), kind('F4', 2)]
const drawn = (count: number, seed: number): string[] =>
  makeSchedule(kinds, count, seed).map(({ kind: { id }, seed }) => `${id} ${seed}`)

describe('a schedule of faults', () => {
  it('is the same for the same seed, and another one for another seed', () => {
    expect(drawn(50, 7)).toEqual(drawn(50, 7))
    expect(drawn(50, 7)).not.toEqual(drawn(50, 8))
  })

  it('has every kind at least once where there is room, also the rare ones', () => {
    for (let seed = 0; seed < 200; seed++) {
      const ids = makeSchedule(kinds, 4, seed).map(({ kind: { id } }) => id)
      expect(ids.toSorted()).toEqual(['F1', 'F2', 'F3', 'F4'])
    }
  })

  it('draws kinds by their weight, and does not begin with all of them in one order', () => {
    const many = makeSchedule(kinds, 2_800, 1).map(({ kind: { id } }) => id)
    const share = (id: string): number => many.filter((one) => one === id).length / many.length
    expect(share('F1')).toBeCloseTo(20 / 28, 1)
    expect(share('F2')).toBeCloseTo(1 / 28, 1)
    const beginnings = new Set(Array.from({ length: 50 }, (_, seed) => makeSchedule(kinds, 4, seed)[0]?.kind.id))
    expect(beginnings.size).toBe(4)
  })
})
