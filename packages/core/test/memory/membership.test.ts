import { describe, expect, it } from 'vitest'
import { createBench, defaultGroup, ids, never, type Bench } from './fake-core.js'

const ascending = (a: number, b: number): number => a - b

const orderKey = { order: 'key' } as const

describe.each(['queue', 'log'] as const)('sharing partitions of memory like %s', (like) => {
  const keyedBench = async (partitions = 8): Promise<Bench> => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions })
    return bench
  }

  it('spreads partitions evenly over joins and leaves, each with one owner', async () => {
    const bench = await keyedBench()
    const members = []
    for (const name of ['a', 'b', 'c']) {
      const instance = await bench.instance(name)
      members.push({ instance, ...(await instance.consume(orderKey)) })
      await bench.settle()
      const sizes = members.map(({ sink }) => sink.claims.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      expect(members.flatMap(({ sink }) => sink.partitions).sort(ascending)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    }
    await members[1]?.consumer.stop()
    await members[1]?.consumer.close(never)
    await bench.settle()
    expect(members[0]?.sink.claims).toHaveLength(4)
    expect(members[2]?.sink.claims).toHaveLength(4)
    expect(bench.broker.control.owners(defaultGroup).filter((owner) => owner === 'a')).toHaveLength(4)
    expect(bench.broker.control.consumers(defaultGroup)).toBe(2)
  })

  it('waits with a hand-over until the owner has let go, and stores what it has done', async () => {
    const bench = await keyedBench(2)
    const a = await bench.instance('a')
    const first = await a.consume({ ...orderKey, drainMs: 7_000 })
    first.sink.holdRevocations = true
    await bench.settle()
    a.send('orders', ids(3), { partition: 1 })
    await bench.settle()
    const b = await bench.instance('b')
    const second = await b.consume(orderKey)
    await bench.settle()
    expect(first.sink.asked.map(({ claims, deadlineMs }) => [claims[0]?.partition, deadlineMs])).toEqual([[1, 7_000]])
    a.send('orders', ids(2, 4), { partition: 1 })
    await bench.clock.advance(3_000)
    expect(first.sink.received).toEqual(ids(3))
    expect(second.sink.claims).toEqual([])
    first.consumer.done(first.sink.find('m1'))
    first.consumer.done(first.sink.find('m2'))
    first.sink.asked[0]?.letGo()
    await bench.settle()
    expect(second.sink.received).toEqual(ids(3, 3))
    expect(second.sink.deliveries.map((delivery) => delivery.handovers)).toEqual([1, 0, 0])
    // What the old owner ends afterwards changes nothing.
    first.consumer.done(first.sink.find('m3'))
    await bench.clock.advance(250)
    expect(bench.broker.control.depth(defaultGroup)).toBe(3)
    expect(first.sink.gone).toEqual([])
  })

  it('takes a claim away from an owner that does not let go', async () => {
    const bench = await keyedBench(2)
    const a = await bench.instance('a')
    const first = await a.consume({ ...orderKey, drainMs: 7_000 })
    first.sink.holdRevocations = true
    await bench.settle()
    const second = await (await bench.instance('b')).consume(orderKey)
    await bench.clock.advance(7_000)
    expect(first.sink.gone).toEqual([])
    await bench.clock.advance(5_000)
    expect(first.sink.gone.map(({ cause }) => cause.code)).toEqual(['TIMEOUT'])
    expect(second.sink.partitions).toEqual([1])
  })

  it('reports claims as lost that go while they are being drained', async () => {
    const bench = await keyedBench(2)
    const a = await bench.instance('a')
    const first = await a.consume(orderKey)
    first.sink.holdRevocations = true
    await bench.settle()
    const second = await (await bench.instance('b')).consume(orderKey)
    await bench.settle()
    bench.broker.control.instance('a').drop({ reconnect: 'manual' })
    await bench.settle()
    expect(first.sink.gone.flatMap(({ claims }) => claims.map((claim) => claim.partition)).sort(ascending)).toEqual([
      0, 1,
    ])
    expect(second.sink.partitions).toEqual([0, 1])
    // The old promise is ignored.
    first.sink.asked[0]?.resolve()
    await bench.settle()
    expect(bench.broker.control.owners(defaultGroup)).toEqual(['b', 'b'])
  })

  it('hands one partition over when an operator says so', async () => {
    const bench = await keyedBench(4)
    const a = await bench.instance('a')
    const first = await a.consume(orderKey)
    const second = await (await bench.instance('b')).consume(orderKey)
    await bench.settle()
    const partition = first.sink.partitions[0] ?? -1
    const { control } = bench.broker
    expect(control.handOver(defaultGroup, partition, 'a')).toBe(false)
    expect(control.handOver(defaultGroup, partition, 'nobody')).toBe(false)
    expect(control.handOver(defaultGroup, partition, 'b', { deadlineMs: 123 })).toBe(true)
    await bench.settle()
    expect(first.sink.asked.at(-1)?.deadlineMs).toBe(123)
    expect(first.sink.claims).toHaveLength(1)
    expect(second.sink.partitions).toContain(partition)
    await bench.clock.advance(60_000)
    expect(second.sink.claims).toHaveLength(3)
  })

  it('reads partitions that are added from their beginning', async () => {
    const bench = await keyedBench(2)
    const a = await bench.instance('a')
    const { sink } = await a.consume(orderKey)
    await bench.settle()
    bench.broker.control.addPartitions('orders', 2)
    a.send('orders', ['x'], { partition: 3 })
    await bench.settle()
    expect(a.routeChanges).toEqual(['orders'])
    expect((await a.adapter.route('orders', never)).partitions).toBe(4)
    expect(sink.partitions).toEqual([0, 1, 2, 3])
    expect(sink.received).toEqual(['x'])
  })

  it('gives a killed member away at once, or when it is noticed', async () => {
    const bench = await keyedBench(2)
    const a = await bench.instance('a')
    const first = await a.consume(orderKey)
    const second = await (await bench.instance('b')).consume(orderKey)
    const third = await (await bench.instance('c')).consume(orderKey)
    await bench.settle()
    bench.broker.control.instance('a').kill()
    await bench.settle()
    expect([...second.sink.partitions, ...third.sink.partitions].sort(ascending)).toEqual([0, 1])
    bench.broker.control.instance('b').kill({ noticeMs: 4_000 })
    await bench.clock.advance(3_999)
    expect(third.sink.claims).toHaveLength(1)
    await bench.clock.advance(1)
    expect(third.sink.claims).toHaveLength(2)
    expect([...first.sink.gone, ...second.sink.gone]).toEqual([])
  })
})
