import { expect, it } from 'vitest'
import { networkFaults, type Proxied } from '../../src/chaos/faults/network-faults.js'
import { Facts } from '../../src/chaos/facts.js'
import type { Scene } from '../../src/chaos/target.js'

it('notes a loss each time it cuts a connection that has come back, because each may leave a copy', async () => {
  const facts = new Facts()
  const lostBefore: number[] = []
  const connection = { cut: () => void lostBefore.push(facts.all.length) }
  const proxied = { proxies: [{ connections: [connection] }] } as unknown as Proxied
  const cutSome = networkFaults(proxied).find(({ title }) => title === 'some connections cut')
  await cutSome?.run({ facts, random: () => 0 } as unknown as Scene)
  expect(lostBefore).toEqual([1, 2, 3])
  facts.restored()
  expect(facts.all.map(({ kind }) => kind)).toEqual([
    ...Array<string>(3).fill('connection-lost'),
    'connection-restored',
  ])
})
