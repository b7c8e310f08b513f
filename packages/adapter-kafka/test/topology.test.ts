import { describe, expect, it, vi } from 'vitest'
import { delayLevels } from '../src/delay-levels.js'
import { silentLogger } from '@sluice/core/spi'
import { FakeKafka } from './fake-cluster.js'
import { openOn, send, soon, topologyOf, unorderedTopologyOf } from './open-on.js'

describe('route', () => {
  it('is what the broker has', async () => {
    const kafka = new FakeKafka()
    kafka.make('orders', 5)
    kafka.maxMessageBytes = 10_000
    const { adapter } = await openOn(kafka)
    expect(await adapter.route('orders', soon())).toEqual({
      ...{ partitions: 5, maxMessageBytes: 9_488 },
      outstanding: { batches: 1, messages: 5_000, bytes: 8_500 },
    })
  })

  it('of no topic is a typed error', async () => {
    const { adapter } = await openOn(new FakeKafka())
    await expect(adapter.route('nothing', soon())).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC', scope: 'topic' })
    await expect(adapter.route('no topic', soon())).rejects.toMatchObject({ code: 'REFUSED', scope: 'topic' })
  })

  it('has changed when the topic gets more partitions', async () => {
    const kafka = new FakeKafka()
    kafka.make('orders', 1)
    const { adapter, changed } = await openOn(kafka)
    await adapter.route('orders', soon())
    kafka.grow('orders', 2)
    await vi.waitFor(() => expect(changed).toEqual(['orders']))
    expect(await adapter.route('orders', soon())).toMatchObject({ partitions: 2 })
  })
})

describe('provision', () => {
  it('declares what is missing, safe as it should be, and alters nothing the second time', async () => {
    const kafka = new FakeKafka()
    const { adapter } = await openOn(kafka)
    const wanted = topologyOf(4, ['mail'])
    expect((await adapter.provision(wanted, 'declare', soon())).items.map(({ state }) => state)).toEqual([
      'created',
      'created',
    ])
    const safe = { 'min.insync.replicas': '2', 'unclean.leader.election.enable': 'false' }
    expect(kafka.topics.get('orders')).toMatchObject({ partitions: 4, replicas: 3, configs: safe })
    expect(kafka.topics.get('orders.mail.retry')).toMatchObject({ partitions: 4, configs: { 'retention.ms': '-1' } })
    expect(kafka.topics.get('orders.mail.dlq')).toMatchObject({ partitions: 1, configs: { 'retention.ms': '-1' } })
    for (const mode of ['declare', 'verify', 'plan'] as const) {
      const { items } = await adapter.provision(wanted, mode, soon())
      expect(items.map(({ state }) => state)).toEqual(['present', 'present'])
    }
    expect(kafka.group('orders.mail').members).toEqual([])
  })

  it('makes a topic for what is delayed, timed by the broker, where order does not matter', async () => {
    const kafka = new FakeKafka()
    const { adapter } = await openOn(kafka)
    await adapter.provision(topologyOf(1, ['ordered']), 'declare', soon())
    expect(kafka.topics.has('orders.ordered.delay')).toBe(false)
    const wanted = unorderedTopologyOf(1, ['mail'])
    await adapter.provision(wanted, 'declare', soon())
    expect(kafka.topics.get('orders.mail.delay')).toMatchObject({
      ...{ partitions: delayLevels, configs: { 'retention.ms': '-1', 'message.timestamp.type': 'LogAppendTime' } },
    })
    const start = { topic: 'orders.mail.delay', partition: delayLevels - 1 }
    expect(kafka.group('orders.mail').committed(start).offset).toBe(0)
    expect((await adapter.provision(wanted, 'verify', soon())).items.map(({ state }) => state)).toEqual([
      'present',
      'present',
    ])
  })

  it('reports a topic for what is delayed that keeps another time: nothing would ever be due', async () => {
    const kafka = new FakeKafka()
    const { adapter } = await openOn(kafka)
    await adapter.provision(unorderedTopologyOf(1, ['mail']), 'declare', soon())
    const made = kafka.topics.get('orders.mail.delay')
    if (made !== undefined)
      kafka.topics.set(made.topic, { ...made, configs: { 'message.timestamp.type': 'CreateTime' } })
    const { items } = await adapter.provision(unorderedTopologyOf(1, ['mail']), 'declare', soon())
    expect(items[1]).toEqual({
      ...{ entity: 'group orders.mail', state: 'differs', found: 'CreateTime' },
      wanted: 'topic orders.mail.delay with message.timestamp.type LogAppendTime',
    })
  })

  it('changes nothing when it only looks', async () => {
    const kafka = new FakeKafka()
    const { adapter } = await openOn(kafka)
    for (const mode of ['verify', 'plan'] as const) {
      const { items } = await adapter.provision(topologyOf(undefined, ['mail']), mode, soon())
      expect(items).toMatchObject([
        { entity: 'topic orders', state: 'missing', wanted: '8 partitions' },
        { entity: 'group orders.mail', state: 'missing' },
      ])
    }
    expect(kafka.topics.size).toBe(0)
    kafka.make('orders', 2)
    const { items } = await adapter.provision(topologyOf(undefined, ['mail']), 'verify', soon())
    expect(items[1]).toMatchObject({ state: 'missing', wanted: expect.stringContaining('orders.mail.dlq') })
    expect([...kafka.topics.keys()]).toEqual(['orders'])
  })

  it('reports another number of partitions, and makes no group beside it', async () => {
    const kafka = new FakeKafka()
    kafka.make('orders', 3)
    const { adapter } = await openOn(kafka)
    expect((await adapter.provision(topologyOf(4, ['mail']), 'declare', soon())).items).toEqual([
      { entity: 'topic orders', state: 'differs', wanted: '4 partitions', found: '3 partitions' },
    ])
    expect([...kafka.topics.keys()]).toEqual(['orders'])
  })

  it('remembers whether a topic has keys, and reports who wants it otherwise; of a topic of others nothing is known', async () => {
    const kafka = new FakeKafka()
    const { adapter } = await openOn(kafka)
    const wish = (name: string, keyed: boolean) => ({ topics: [{ name, keyed, partitions: 1, groups: [] }] })
    await adapter.provision(wish('orders', true), 'declare', soon())
    await adapter.provision(wish('mails', false), 'declare', soon())
    kafka.make('theirs', 1)
    const stateOf = async (name: string, keyed: boolean) =>
      (await adapter.provision(wish(name, keyed), 'verify', soon())).items[0]
    expect(await stateOf('orders', true)).toMatchObject({ state: 'present' })
    expect(await stateOf('mails', false)).toMatchObject({ state: 'present' })
    for (const keyed of [true, false]) expect(await stateOf('theirs', keyed)).toMatchObject({ state: 'present' })
    expect(await stateOf('orders', false)).toEqual({
      ...{ entity: 'topic orders', state: 'differs' },
      ...{ wanted: 'messages without keys', found: 'messages with keys' },
    })
    expect(await stateOf('mails', true)).toMatchObject({ state: 'differs', found: 'messages without keys' })
  })

  it('lets what is for a group grow with its topic', async () => {
    const kafka = new FakeKafka()
    const { adapter } = await openOn(kafka)
    await adapter.provision(topologyOf(2, ['mail']), 'declare', soon())
    kafka.grow('orders', 3)
    await adapter.provision(topologyOf(3, ['mail']), 'declare', soon())
    expect(kafka.topics.get('orders.mail.retry')).toMatchObject({ partitions: 3 })
  })

  it.each([
    [{ replicationFactor: 3 }, /wanted 3 replicas, found 1 node.*replicationFactor/],
    [{ minInsyncReplicas: 2 }, /wanted 2 replicas, found 1 node.*minInsyncReplicas/],
  ])('refuses at once what the cluster cannot hold: %j', async (options, text) => {
    const kafka = new FakeKafka()
    kafka.nodes = 1
    const { adapter } = await openOn(kafka, options)
    await expect(adapter.provision(topologyOf(1), 'declare', soon())).rejects.toMatchObject({
      ...{ code: 'TOPOLOGY_MISMATCH', fatal: true },
      message: expect.stringMatching(text),
    })
  })

  it.each([
    [1, 1, 1],
    [2, 2, 2],
    [3, 3, 2],
    [5, 3, 2],
  ])(
    'makes as many replicas as %i nodes can hold, three at most, and says when it is less',
    async (nodes, replicas, inSync) => {
      const kafka = new FakeKafka()
      kafka.nodes = nodes
      const warnings: string[] = []
      const log = { ...silentLogger, warn: (text: string) => void warnings.push(text) }
      const { adapter } = await openOn(kafka, {}, log)
      await adapter.provision(topologyOf(1, ['mail']), 'declare', soon())
      for (const topic of ['orders', 'orders.mail.retry']) {
        expect(kafka.topics.get(topic)).toMatchObject({ replicas, configs: { 'min.insync.replicas': String(inSync) } })
      }
      expect(warnings.filter((text) => text.includes('replicas'))).toHaveLength(nodes < 3 ? 1 : 0)
    },
  )

  it('fixes where a group starts: at its creation, for partitions that come later at their beginning', async () => {
    const kafka = new FakeKafka()
    kafka.make('orders', 1)
    const { adapter } = await openOn(kafka)
    await send(adapter, { ids: ['before'] })
    await adapter.provision(topologyOf(1, ['mail']), 'declare', soon())
    await send(adapter, { ids: ['after'] })
    kafka.grow('orders', 2)
    await send(adapter, { ids: ['in the new one'], partition: 1 })
    await adapter.provision(topologyOf(2, ['mail']), 'declare', soon())
    const at = (partition: number) => kafka.group('orders.mail').committed({ topic: 'orders', partition }).offset
    expect([at(0), at(1)]).toEqual([1, 0])
  })

  it('starts a group at the beginning where that is wanted', async () => {
    const kafka = new FakeKafka()
    kafka.make('orders', 1)
    const { adapter } = await openOn(kafka)
    await send(adapter, { ids: ['before'] })
    const group = { name: 'audit', order: 'key', from: 'earliest', durableDelays: false } as const
    await adapter.provision(
      { topics: [{ name: 'orders', keyed: true, partitions: 1, groups: [group] }] },
      'declare',
      soon(),
    )
    expect(kafka.group('orders.audit').committed({ topic: 'orders', partition: 0 }).offset).toBe(0)
  })
})
