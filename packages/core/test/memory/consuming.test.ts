import { describe, expect, it } from 'vitest'
import type { Inbound } from '../../src/spi/envelope.js'
import { codeOf, createBench, defaultGroup, FakeSink, ids, message, never } from './fake-core.js'

describe.each(['queue', 'log'] as const)('consuming from memory like %s', (like) => {
  const keyedBench = async (partitions = 1) => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions })
    return { bench, one: await bench.instance() }
  }

  it('gives every group everything, from its creation on', async () => {
    const bench = createBench(like)
    await bench.topic('orders', { groups: ['billing', 'mail'] })
    const one = await bench.instance()
    one.send('orders', ids(3))
    await bench.settle()
    const billing = await one.consume()
    const mail = await one.consume({ group: { topic: 'orders', group: 'mail' } })
    const late = await one.consume({ group: { topic: 'orders', group: 'late' } })
    one.send('orders', ids(2, 4))
    await bench.settle()
    expect(billing.sink.received).toEqual(ids(5))
    expect(mail.sink.received).toEqual(ids(5))
    expect(late.sink.received).toEqual(ids(2, 4))
  })

  it('rejects a topic that does not exist', async () => {
    const bench = createBench(like)
    const one = await bench.instance()
    expect(await codeOf(one.consume())).toBe('UNKNOWN_TOPIC')
  })

  it('never has more open than the window, in messages', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume({ window: { messages: 3, bytes: 2 ** 20 } })
    one.send('orders', ids(10))
    await bench.settle()
    expect(sink.received).toEqual(ids(3))
    consumer.done(sink.find('m2'))
    await bench.settle()
    expect(sink.received).toEqual(ids(4))
    consumer.done(sink.find('m1'))
    consumer.done(sink.find('m3'))
    consumer.done(sink.find('m1'))
    await bench.settle()
    expect(sink.received).toEqual(ids(6))
  })

  it('never has more open than the window, in bytes, but for one that is larger on its own', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume({ window: { messages: 100, bytes: 1_000 } })
    const sizes = [400, 400, 400, 5_000, 1]
    one.send(
      'orders',
      sizes.map((bytes, index) => message(`m${index + 1}`, { bytes })),
    )
    await bench.settle()
    expect(sink.received).toEqual(ids(2))
    consumer.done(sink.find('m1'))
    await bench.settle()
    expect(sink.received).toEqual(ids(3))
    consumer.done(sink.find('m2'))
    await bench.settle()
    expect(sink.received).toEqual(ids(3))
    consumer.done(sink.find('m3'))
    await bench.settle()
    expect(sink.received).toEqual(ids(4))
    consumer.done(sink.find('m4'))
    await bench.settle()
    expect(sink.received).toEqual(ids(5))
  })

  it('stores what is done within 250 ms, also behind an open delivery', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(5))
    await bench.settle()
    for (const id of ['m2', 'm3', 'm5']) consumer.done(sink.find(id))
    expect(consumer.unstored).toBe(3)
    expect(bench.broker.control.depth(defaultGroup)).toBe(5)
    await bench.clock.advance(250)
    expect(consumer.unstored).toBe(0)
    expect(bench.broker.control.groupMessages(defaultGroup).map(({ id }) => id)).toEqual(['m1', 'm4'])
    bench.broker.control.instance('one').kill()
    const two = await bench.instance('two')
    const { sink: second } = await two.consume()
    await bench.settle()
    expect(second.received).toEqual(['m1', 'm4'])
  })

  it('stores at once when it is asked to', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(5))
    await bench.settle()
    expect(await codeOf(consumer.stored(never))).toBe('resolved: undefined')
    for (const delivery of sink.deliveries) consumer.done(delivery)
    await consumer.stored(never)
    expect(consumer.unstored).toBe(0)
    expect(bench.broker.control.depth(defaultGroup)).toBe(0)
    expect(bench.clock.pending).toBeLessThanOrEqual(like === 'queue' ? 1 : 0)
  })

  it('pauses and resumes intake, and keeps its claims', async () => {
    const { bench, one } = await keyedBench(2)
    const { consumer, sink } = await one.consume()
    await bench.settle()
    consumer.pause()
    one.send('orders', ids(3))
    await bench.clock.advance(3 * 60 * 60_000)
    expect(sink.received).toEqual([])
    expect(sink.log).toEqual(['claimed 0', 'claimed 1'])
    consumer.resume()
    await bench.settle()
    expect(sink.received).toEqual(ids(3))
  })

  it('takes nothing more once it is stopped, and what it has can still be ended', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(2))
    await bench.settle()
    await consumer.stop()
    one.send('orders', ids(2, 3))
    await bench.settle()
    expect(sink.received).toEqual(ids(2))
    consumer.done(sink.find('m1'))
    await consumer.recordStart(sink.find('m2'), 1)
    await consumer.stored(never)
    expect(bench.broker.control.depth(defaultGroup)).toBe(3)
    await consumer.close(never)
    const second = await one.consume()
    await bench.settle()
    expect(second.sink.received).toEqual(['m2', 'm3', 'm4'])
    expect(second.sink.find('m2').starts).toBe(1)
  })

  it('leaves what is not done when it closes, and stores the rest', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(1_000))
    await bench.settle()
    const open = new Set(['m7', 'm500'])
    for (const delivery of sink.deliveries) if (!open.has(delivery.id ?? '')) consumer.done(delivery)
    await consumer.stop()
    await Promise.all([consumer.close(never), consumer.close(never)])
    const log = [...sink.log]
    const second = await one.consume()
    await bench.settle()
    expect(second.sink.received).toEqual([...open])
    expect(second.sink.deliveries.map((delivery) => delivery.handovers)).toEqual([1, 1])
    expect(sink.log).toEqual(log)
  })

  it('rewinds a claim: what is not done comes again in order, under a new one', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(4))
    await bench.settle()
    const [claim] = sink.claims
    consumer.done(sink.find('m2'))
    const before = sink.find('m3')
    const rewound = consumer.rewind(claim as NonNullable<typeof claim>)
    consumer.done(before)
    sink.claims.length = 0
    await rewound
    await bench.settle()
    expect(sink.received).toEqual([...ids(4), 'm1', 'm3', 'm4'])
    expect(sink.claims[0]?.epoch).not.toBe(claim?.epoch)
    // An end under the old claim must not end the delivery of the new one that stands in the same place.
    consumer.done(before)
    await bench.clock.advance(250)
    expect(bench.broker.control.depth(defaultGroup)).toBe(3)
    expect(await codeOf(consumer.rewind(claim as NonNullable<typeof claim>))).toBe('resolved: undefined')
  })

  it('drops what is done under a claim that is being rewound, also before the broker knows', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(2))
    await bench.settle()
    bench.broker.control.silence()
    const old = sink.find('m1')
    const rewound = Promise.all(sink.claims.splice(0).map((claim) => consumer.rewind(claim)))
    consumer.done(old)
    bench.broker.control.speak()
    await rewound
    await bench.settle()
    expect(sink.received).toEqual(['m1', 'm2', 'm1', 'm2'])
  })

  it('counts the hand-overs of what was handed over, and of nothing else', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume({ window: { messages: 2, bytes: 2 ** 20 } })
    one.send('orders', ids(3))
    await bench.settle()
    for (let round = 1; round <= 3; round += 1) {
      const claims = sink.claims.splice(0)
      await Promise.all(claims.map((claim) => consumer.rewind(claim)))
      await bench.settle()
      expect(sink.find('m1').handovers).toBe(round)
      expect(sink.find('m2').handovers).toBe(round)
    }
    consumer.done(sink.find('m1'))
    consumer.done(sink.find('m2'))
    await bench.settle()
    expect(sink.find('m3').handovers).toBe(0)
  })

  it('keeps started handlers over a kill, until they are taken back', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(2))
    await bench.settle()
    await consumer.recordStart(sink.find('m1'), 2)
    await consumer.recordStart(sink.find('m2'), 1)
    await consumer.recordStart(sink.find('m2'), 0)
    bench.broker.control.instance('one').kill()
    const two = await bench.instance('two')
    const second = await two.consume()
    await bench.settle()
    expect(second.sink.deliveries.map((delivery) => delivery.starts)).toEqual([2, 0])
    expect(await codeOf(second.consumer.recordStart(sink.find('m1'), 3))).toBe('DISCONNECTED')
  })

  it('takes the record of a start back when the delivery is done', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(2))
    await bench.settle()
    await consumer.recordStart(sink.find('m1'), 1)
    await consumer.recordStart(sink.find('m2'), 1)
    consumer.done(sink.find('m1'))
    bench.broker.control.instance('one').kill()
    const second = await (await bench.instance('two')).consume()
    await bench.settle()
    expect(second.sink.deliveries.map(({ id, starts }) => [id, starts])).toEqual([
      ['m1', 0],
      ['m2', 1],
    ])
  })

  it('hands messages over in few batches', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume({ window: { messages: 100, bytes: 2 ** 20 } })
    sink.onDelivery = (delivery: Inbound) => queueMicrotask(() => consumer.done(delivery))
    for (let batch = 0; batch < 10; batch += 1) one.send('orders', ids(100, batch * 100 + 1))
    await bench.settle()
    expect(sink.received).toEqual(ids(1_000))
    expect(sink.batches.length).toBeLessThan(200)
  })

  it('lets timers of the process run while messages keep coming', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    let turns = 0
    let ended = false
    const count = (): void => {
      turns += 1
      if (!ended) setImmediate(count)
    }
    sink.onDelivery = (delivery) => {
      sink.deliveries.length = 0
      consumer.done(delivery)
      if (!ended) one.send('orders', ['again'])
    }
    one.send('orders', ['first'])
    setImmediate(count)
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (turns < 3) setTimeout(look, 1)
        else resolve()
      }
      look()
    })
    ended = true
    await bench.settle()
    expect(turns).toBeGreaterThanOrEqual(3)
  })

  it('uses one sink per consumer, several of them at once', async () => {
    const bench = createBench(like)
    await bench.topic('a', { groups: ['g'] })
    await bench.topic('b', { groups: ['g'] })
    const one = await bench.instance()
    const a = await one.consume({ group: { topic: 'a', group: 'g' } }, new FakeSink())
    const b = await one.consume({ group: { topic: 'b', group: 'g' } }, new FakeSink())
    one.send('a', ['x'])
    one.send('b', ['y'])
    await bench.settle()
    expect([a.sink.received, b.sink.received]).toEqual([['x'], ['y']])
    // A delivery belongs to the consumer that it was handed to.
    b.consumer.done(a.sink.find('x'))
    await bench.clock.advance(250)
    expect(bench.broker.control.depth({ topic: 'a', group: 'g' })).toBe(1)
  })
})
