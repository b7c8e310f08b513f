import { expect, it } from 'vitest'
import { Facts } from '../../src/chaos/facts.js'
import type { Scene } from '../../src/chaos/target.js'
import { networkFaults } from '../../src/rabbitmq/chaos/network-faults.js'
import type { BrokenRabbit } from '../../src/rabbitmq/chaos/rabbit-target.js'

it('notes a loss each time it cuts a connection that has come back, because each may leave a copy', async () => {
  const facts = new Facts()
  const lostBefore: number[] = []
  const connection = { cut: () => void lostBefore.push(facts.all.length) }
  const broken = { proxies: [{ connections: [connection] }] } as unknown as BrokenRabbit
  const cutSome = networkFaults(broken).find(({ title }) => title === 'some connections cut')
  await cutSome?.run({ facts, random: () => 0 } as unknown as Scene)
  expect(lostBefore).toEqual([1, 2, 3])
  facts.restored()
  expect(facts.all.map(({ kind }) => kind)).toEqual([
    ...Array<string>(3).fill('connection-lost'),
    'connection-restored',
  ])
})
