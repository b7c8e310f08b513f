import { describe, expect, it } from 'vitest'
import { codeOf, createBench, defaultGroup, ids, message, never } from './fake-core.js'

describe('memory like a queue', () => {
  it('shares a topic without keys between its consumers in turn', async () => {
    const bench = createBench('queue')
    await bench.topic()
    const a = await (await bench.instance('a')).consume()
    const two = await bench.instance('b')
    const b = await two.consume()
    const c = await two.consume({ window: { messages: 1, bytes: 2 ** 20 } })
    await bench.settle()
    expect([...a.sink.claims, ...b.sink.claims].map(({ exclusive, partition }) => [exclusive, partition])).toEqual([
      [false, 0],
      [false, 0],
    ])
    two.send('orders', ids(9))
    await bench.settle()
    expect([a, b, c].map(({ sink }) => sink.received.length)).toEqual([4, 4, 1])
    expect(new Set([a, b, c].flatMap(({ sink }) => sink.received))).toEqual(new Set(ids(9)))
  })

  it('takes one delivery back alone, to its old place', async () => {
    const bench = createBench('queue')
    await bench.topic()
    const one = await bench.instance()
    const { consumer, sink } = await one.consume({ window: { messages: 2, bytes: 2 ** 20 } })
    one.send('orders', ids(4))
    await bench.settle()
    const given = sink.find('m1')
    consumer.giveBack(given, 0)
    consumer.giveBack(given, 0)
    consumer.done(given)
    await bench.settle()
    expect(sink.received).toEqual(['m1', 'm2', 'm1'])
    expect(sink.find('m1').handovers).toBe(1)
    consumer.done(sink.find('m1'))
    consumer.done(sink.find('m2'))
    await bench.settle()
    expect(sink.received).toEqual(['m1', 'm2', 'm1', 'm3', 'm4'])
    expect(sink.find('m3').handovers).toBe(0)
  })

  it('loses nothing in a storm of give-backs', async () => {
    const bench = createBench('queue')
    await bench.topic()
    const one = await bench.instance()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(300))
    await bench.settle()
    for (const delivery of [...sink.deliveries].reverse()) consumer.giveBack(delivery, 0)
    await consumer.stop()
    await consumer.close(never)
    const fresh = await one.consume()
    await bench.settle()
    expect(fresh.sink.received).toEqual(ids(300))
  })

  it('keeps a delivery that is given back while the connection breaks', async () => {
    const bench = createBench('queue')
    await bench.topic()
    const one = await bench.instance()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(2))
    await bench.settle()
    const control = bench.broker.control.instance('one')
    control.freeze()
    consumer.giveBack(sink.find('m1'), 0)
    expect(bench.broker.control.depth(defaultGroup)).toBe(2)
    await bench.clock.advance(10_000)
    control.thaw()
    await bench.clock.advance(100)
    expect(sink.received).toEqual(['m1', 'm2', 'm1', 'm2'])
    expect(sink.deliveries.slice(2).map(({ handovers }) => handovers)).toEqual([1, 1])
  })

  it('has one owner where order is asked for without keys', async () => {
    const bench = createBench('queue')
    await bench.topic('orders', { groups: [] })
    const a = await (await bench.instance('a')).consume({ order: 'key' })
    const two = await bench.instance('b')
    const b = await two.consume({ order: 'key' })
    await bench.settle()
    expect(a.sink.claims.map(({ exclusive }) => exclusive)).toEqual([true])
    expect(b.sink.claims).toEqual([])
    await two.consume({ group: { topic: 'orders', group: 'mail' } })
    expect(await codeOf(two.consume({ order: 'key', group: { topic: 'orders', group: 'mail' } }))).toBe(
      'TOPOLOGY_MISMATCH',
    )
  })

  it('refuses to replay', async () => {
    const bench = createBench('queue')
    await bench.topic('orders', { groups: [] })
    const one = await bench.instance()
    expect(await codeOf(one.consume({ from: 'earliest' }))).toBe('UNSUPPORTED')
  })

  it('takes a claim away whose oldest delivery is open for too long', async () => {
    const bench = createBench('queue')
    await bench.topic('orders', { keyed: true, partitions: 2 })
    const one = await bench.instance()
    const { consumer, sink } = await one.consume({ order: 'key' })
    await bench.settle()
    expect(sink.claims.map(({ holdMs }) => holdMs)).toEqual([1_440_000, 1_440_000])
    one.send('orders', ids(1))
    await bench.settle()
    await bench.clock.advance(1_000_000)
    consumer.done(sink.find('m1'))
    one.send('orders', ids(1, 2))
    await bench.clock.advance(1_799_999)
    expect(sink.gone).toEqual([])
    await bench.clock.advance(1)
    expect(sink.log.slice(-4)).toEqual(['noticed hold-expired', 'lost 0', 'claimed 0', 'delivered m2'])
    expect(sink.find('m2').handovers).toBe(1)
    expect(bench.broker.control.expireHold(defaultGroup)).toBe(1)
    await bench.settle()
    expect(sink.find('m2').handovers).toBe(2)
  })

  it('keeps a message for every group until that group has settled it', async () => {
    const bench = createBench('queue')
    await bench.topic('orders', { groups: ['billing', 'mail'] })
    const one = await bench.instance()
    const billing = await one.consume()
    one.send('orders', ids(2))
    await bench.settle()
    for (const delivery of billing.sink.deliveries) billing.consumer.done(delivery)
    await bench.clock.advance(250)
    expect(bench.broker.control.depth(defaultGroup)).toBe(0)
    expect(bench.broker.control.depth({ topic: 'orders', group: 'mail' })).toBe(2)
    expect(bench.broker.control.ids('orders')).toEqual(ids(2))
  })

  it('does not bound bytes where RabbitMQ cannot', async () => {
    const bench = createBench('rabbitmq')
    await bench.topic()
    const one = await bench.instance()
    const { sink } = await one.consume({ window: { messages: 3, bytes: 10 } })
    one.send(
      'orders',
      ids(5).map((id) => message(id, { bytes: 1_000 })),
    )
    await bench.settle()
    expect(sink.received).toEqual(ids(3))
  })
})
