import { describe, expect, it } from 'vitest'
import { assign } from '../src/assign.js'
import type { MemberView, TopicPartition } from '../src/wire/port.js'

const family = { source: 'orders', besides: ['orders.billing.retry'], apart: ['orders.billing.delay'] }
const counts: Readonly<Record<string, number>> = { orders: 6, 'orders.billing.retry': 6, 'orders.billing.delay': 4 }
const partitionsOf = (topic: string): number => counts[topic] ?? 0
const both = ['orders', 'orders.billing.retry']

function member(memberId: string, owned: readonly number[] = [], topics: readonly string[] = both): MemberView {
  return { memberId, topics, owned: topics.flatMap((topic) => owned.map((partition) => ({ topic, partition }))) }
}

function shares(...members: readonly MemberView[]): Record<string, string[]> {
  const dealt = assign(family, members, partitionsOf)
  return Object.fromEntries([...dealt].map(([id, share]) => [id, share.map(name).toSorted()]))
}
const name = ({ topic, partition }: TopicPartition): string => `${topic === 'orders' ? 'o' : 'r'}${partition}`
const pairs = (...numbers: readonly number[]): string[] => [
  ...numbers.map((n) => `o${n}`),
  ...numbers.map((n) => `r${n}`),
]

describe('shares', () => {
  it('are everything for one, each partition with what lies beside it', () => {
    expect(shares(member('a'))).toEqual({ a: pairs(0, 1, 2, 3, 4, 5) })
  })

  it('deal out what lies apart by itself, and leave it where it is', () => {
    const all = [...both, 'orders.billing.delay']
    const apart = (...members: readonly MemberView[]): Record<string, number[]> => {
      const dealt = assign(family, members, partitionsOf)
      const isApart = ({ topic }: TopicPartition): boolean => topic === 'orders.billing.delay'
      return Object.fromEntries(
        [...dealt].map(([id, share]) => [id, share.filter(isApart).map((one) => one.partition)]),
      )
    }
    expect(apart(member('a', [], all))).toEqual({ a: [0, 1, 2, 3] })
    const holder = {
      ...member('a', [], all),
      owned: [2, 3].map((n) => ({ topic: 'orders.billing.delay', partition: n })),
    }
    expect(apart(holder, member('b', [], all))).toEqual({ a: [2, 3], b: [0, 1] })
    expect(apart(member('a', [], both), member('b', [], all))).toEqual({ a: [], b: [0, 1, 2, 3] })
  })

  it('give to nobody what somebody else still holds', () => {
    const before = member('a', [0, 1, 2, 3, 4, 5])
    expect(shares(before, member('b'))).toEqual({ a: pairs(0, 1, 2), b: [] })
    expect(shares(member('a', [0, 1, 2]), member('b'))).toEqual({ a: pairs(0, 1, 2), b: pairs(3, 4, 5) })
  })

  it('stay where they are when somebody comes or goes, as far as that can be', () => {
    const three = shares(member('a', [0, 1, 2]), member('b', [3, 4, 5]), member('c'))
    expect(three).toEqual({ a: pairs(0, 1), b: pairs(3, 4), c: [] })
    expect(shares(member('a', [0, 1]), member('c', [5, 2]))).toEqual({ a: pairs(0, 1, 3), c: pairs(2, 4, 5) })
  })

  it('leave out what two say that they hold: one of them has not heard yet', () => {
    expect(shares(member('a', [0, 1, 2]), member('b', [2, 3, 4]))).toEqual({ a: pairs(0, 1), b: pairs(3, 4, 5) })
  })

  it('are of topics that a member reads, whatever the others do', () => {
    const old = member('old', [], ['orders'])
    const dealt = shares(old, member('new'))
    expect(dealt['old']?.every((one) => one.startsWith('o'))).toBe(true)
    expect([...(dealt['old'] ?? []), ...(dealt['new'] ?? [])].toSorted()).toEqual(pairs(0, 1, 2, 3, 4, 5))
  })

  it('are nothing for who is too many', () => {
    const many = Array.from({ length: 8 }, (_, index) => member(`m${index}`))
    const sizes = Object.values(shares(...many)).map(({ length }) => length)
    expect(sizes.toSorted()).toEqual([0, 0, 2, 2, 2, 2, 2, 2])
  })
})
