import { balance } from '@sluice/core/spi'
import { expect, it } from 'vitest'
import { leavingOrder } from '../../src/kafka/operate/leaving-order.js'

/** Who has what after each step, as whoever deals out sees it. */
function afterwards(
  members: readonly string[],
  newcomers: readonly string[],
  order: readonly (readonly string[])[],
): ReadonlyMap<string, readonly number[]> {
  let shares: ReadonlyMap<string, readonly number[]> = new Map(newcomers.map((id, own) => [id, [own]]))
  const gone = new Set<string>()
  for (const step of order) {
    for (const id of step) gone.add(id)
    const seats = [...members, ...newcomers.filter((id) => !gone.has(id))]
    const view = seats.map((id) => ({ id, owned: shares.get(id) ?? [] }))
    shares = balance({ partitions: newcomers.length, members: view })
  }
  return shares
}

const named = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

it.each([
  [1, 1],
  [3, 2],
  [3, 3],
  [8, 2],
  [8, 3],
  [8, 5],
  [64, 8],
])('brings any of %i partitions to any of %i members', (partitions, count) => {
  const members = named('m', count)
  const newcomers = named('!', partitions)
  for (const to of members) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const order = leavingOrder({ members, newcomers }, partition, to)
      expect(order.flat().toSorted()).toEqual(newcomers.toSorted())
      const shares = afterwards(members, newcomers, order)
      expect(shares.get(to), `partition ${partition} to ${to}`).toContain(partition)
      expect([...shares].flatMap(([, share]) => share)).toHaveLength(partitions)
    }
  }
})

it('is none for who is no member', () => {
  expect(leavingOrder({ members: ['m0'], newcomers: ['!0'] }, 0, 'nobody')).toEqual([])
})
