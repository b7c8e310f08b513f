import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balance, type BalanceMember, type BalanceView } from '../../src/kit/balance.js'

const member = (id: string, owned: readonly number[] = [], leaving = false): BalanceMember => ({ id, owned, leaving })
const plain = (view: BalanceView): Record<string, readonly number[]> => Object.fromEntries(balance(view))

/** Members claim anything: too much, the same twice, what others claim, what does not exist. */
const anyView: fc.Arbitrary<BalanceView> = fc.integer({ min: 0, max: 24 }).chain((partitions) =>
  fc.record({
    partitions: fc.constant(partitions),
    members: fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 3 }),
        owned: fc.array(fc.integer({ min: -1, max: partitions + 1 }), { maxLength: 12 }),
        leaving: fc.boolean(),
      }),
      { selector: ({ id }) => id, maxLength: 7 },
    ),
  }),
)

/** What each staying member validly owns: of two claimants the smaller id. */
function ownedOf(view: BalanceView): Map<string, Set<number>> {
  const result = new Map<string, Set<number>>()
  const claimed = new Set<number>()
  for (const { id, owned } of view.members.filter((m) => !m.leaving).toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const valid = owned.filter((p) => p >= 0 && p < view.partitions && !claimed.has(p))
    for (const p of valid) claimed.add(p)
    result.set(id, new Set(valid))
  }
  return result
}

/** The most that any balanced assignment can leave where it is, found by trying every choice of who gets one more. */
function mostKept(counts: readonly number[], partitions: number): number {
  const floor = Math.floor(partitions / counts.length)
  const extra = partitions % counts.length
  let best = 0
  for (let choice = 0; choice < 2 ** counts.length; choice += 1) {
    const larger = counts.map((_, i) => (choice & (1 << i)) !== 0)
    if (larger.filter(Boolean).length !== extra) continue
    best = Math.max(
      best,
      counts.reduce((sum, count, i) => sum + Math.min(count, larger[i] === true ? floor + 1 : floor), 0),
    )
  }
  return best
}

describe('balance', () => {
  it('gives a lone member everything', () => {
    expect(plain({ partitions: 3, members: [member('a')] })).toEqual({ a: [0, 1, 2] })
  })

  it('lets an owner keep its first partitions and gives the rest to who joins', () => {
    const view = { partitions: 8, members: [member('b'), member('a', [0, 1, 2, 3, 4, 5, 6, 7]), member('c')] }
    expect(plain(view)).toEqual({ a: [0, 1, 2], b: [3, 4, 5], c: [6, 7] })
  })

  it('gives the larger shares to those who own most', () => {
    const view = { partitions: 5, members: [member('a', [0]), member('b', [2, 3, 4])] }
    expect(plain(view)).toEqual({ a: [0, 1], b: [2, 3, 4] })
  })

  it('lets the smaller id keep what two claim', () => {
    const view = { partitions: 4, members: [member('b', [1, 2]), member('a', [1, 0])] }
    expect(plain(view)).toEqual({ a: [0, 1], b: [2, 3] })
  })

  it('gives what a leaver still owns to the others', () => {
    const view = { partitions: 4, members: [member('a', [0, 1], true), member('b', [2]), member('c', [3])] }
    expect(plain(view)).toEqual({ a: [], b: [0, 2], c: [1, 3] })
  })

  it('leaves the claim of a member that stays alone when a leaver claims the same', () => {
    const view = { partitions: 2, members: [member('a', [1], true), member('b', [1]), member('c', [0])] }
    expect(plain(view)).toEqual({ a: [], b: [1], c: [0] })
  })

  it('gives members beyond the partitions nothing', () => {
    expect(plain({ partitions: 1, members: [member('a'), member('b', [0])] })).toEqual({ a: [], b: [0] })
  })

  it('has nothing to say without members, and to leavers only', () => {
    expect(plain({ partitions: 4, members: [] })).toEqual({})
    expect(plain({ partitions: 4, members: [member('a', [0], true)] })).toEqual({ a: [] })
  })

  it('assigns every partition exactly once, in shares that differ by at most one', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const shares = balance(view)
        const staying = view.members.filter((m) => !m.leaving)
        const all = [...shares.values()].flat()
        expect([...shares.keys()].toSorted()).toEqual(view.members.map((m) => m.id).toSorted())
        const partitions = staying.length === 0 ? 0 : view.partitions
        expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, p) => p))
        for (const { id } of view.members.filter((m) => m.leaving)) expect(shares.get(id)).toEqual([])
        const sizes = staying.map(({ id }) => shares.get(id)?.length ?? -1)
        expect(Math.max(...sizes, 0) - Math.min(...sizes, Infinity)).toBeLessThanOrEqual(1)
        for (const share of shares.values()) expect(share).toEqual(share.toSorted((a, b) => a - b))
      }),
      { numRuns: 500 },
    )
  })

  it('moves as few partitions as a balanced assignment can', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const owned = ownedOf(view)
        if (owned.size === 0) return
        const shares = balance(view)
        const kept = [...owned].reduce(
          (sum, [id, had]) => sum + (shares.get(id) ?? []).filter((p) => had.has(p)).length,
          0,
        )
        const counts = [...owned.values()].map((had) => had.size)
        expect(kept).toBe(mostKept(counts, view.partitions))
      }),
      { numRuns: 500 },
    )
  })

  it('does not depend on the order of members or of what they own', () => {
    const shuffled = anyView.chain((view) =>
      fc.record({
        view: fc.constant(view),
        members: fc
          .tuple(...view.members.map((m) => fc.shuffledSubarray([...m.owned], { minLength: m.owned.length })))
          .map((lists) => view.members.map((m, i) => ({ ...m, owned: lists[i] ?? [] })))
          .chain((members) => fc.shuffledSubarray(members, { minLength: members.length })),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ view, members }) => {
        expect(plain({ ...view, members })).toEqual(plain(view))
      }),
    )
  })

  it('stays as it is once everybody owns what it said', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const shares = balance(view)
        const settled = view.members.filter((m) => !m.leaving).map((m) => member(m.id, shares.get(m.id) ?? []))
        expect(plain({ partitions: view.partitions, members: settled })).toEqual(
          Object.fromEntries(settled.map((m) => [m.id, m.owned])),
        )
      }),
    )
  })
})
