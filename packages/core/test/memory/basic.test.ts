import { describe, expect, it } from 'vitest'
import { createBench, defaultGroup, ids, kinds, never } from './fake-core.js'

describe.each(['queue', 'log', 'rabbitmq', 'kafka'] as const)('memory like %s: from send to done', (like) => {
  it('opens, provisions, routes, stores, delivers, settles and closes', async () => {
    const bench = createBench(like)
    const one = await bench.instance()
    expect(one.states).toEqual(['publish ready', 'consume ready'])
    await bench.topic('orders', { keyed: true, partitions: 4 })
    const route = await one.adapter.route('orders', never)
    expect(route.partitions).toBe(4)

    const { consumer, sink } = await one.consume({ order: 'key' })
    await bench.settle()
    expect(sink.partitions).toEqual([0, 1, 2, 3])
    expect(sink.claims.every((claim) => claim.exclusive)).toBe(true)

    const results = one.send('orders', ids(100), { partition: 2 })
    await bench.settle()
    expect(kinds(results)).toEqual(ids(100).map(() => 'stored'))
    expect(sink.received).toEqual(ids(100))
    expect(bench.broker.control.unsettled(defaultGroup)).toBe(100)

    for (const delivery of sink.deliveries) consumer.done(delivery)
    expect(consumer.unstored).toBe(100)
    await bench.clock.advance(250)
    expect(consumer.unstored).toBe(0)
    expect(bench.broker.control.depth(defaultGroup)).toBe(0)

    await consumer.stop()
    await consumer.close(never)
    await one.adapter.close(never)
    expect(bench.broker.control.consumers(defaultGroup)).toBe(0)
    expect(bench.clock.pending).toBe(0)
  })
})
