import { describe, expect, it } from 'vitest'
import { createBench, defaultGroup, ids, never } from './fake-core.js'

const replay = { topic: 'orders', group: 'replay' } as const

describe('memory like a log', () => {
  const keyedBench = async (options = {}) => {
    const bench = createBench('log', options)
    await bench.topic('orders', { keyed: true, partitions: 1 })
    return { bench, one: await bench.instance() }
  }

  it('moves the watermark over what is done, later than it is done', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(5))
    await bench.settle()
    const { control } = bench.broker
    consumer.done(sink.find('m1'))
    consumer.done(sink.find('m2'))
    await bench.clock.advance(49)
    expect(control.position(defaultGroup, 0)).toBe(0)
    await bench.clock.advance(1)
    expect(control.position(defaultGroup, 0)).toBe(2)
    expect(control.offsets('orders', 0)).toEqual({ start: 0, end: 5 })
  })

  it('repeats what was done and not stored when the process is killed', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(6))
    await bench.settle()
    for (const id of ['m1', 'm4']) consumer.done(sink.find(id))
    await bench.clock.advance(50)
    for (const id of ['m2', 'm5']) consumer.done(sink.find(id))
    await bench.clock.advance(49)
    bench.broker.control.instance('one').kill()
    const second = await (await bench.instance('two')).consume()
    await bench.settle()
    expect(second.sink.received).toEqual(['m2', 'm3', 'm5', 'm6'])
    expect(second.sink.deliveries.map(({ handovers }) => handovers)).toEqual([1, 1, 1, 1])
    for (const delivery of second.sink.deliveries) second.consumer.done(delivery)
    await second.consumer.stored(never)
    expect(bench.broker.control.position(defaultGroup, 0)).toBe(6)
  })

  it('repeats nothing that was stored ahead, however little of it the next owner has read', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(7))
    await bench.settle()
    for (const id of ['m2', 'm4', 'm5', 'm7']) consumer.done(sink.find(id))
    await bench.clock.advance(50)
    bench.broker.control.instance('one').kill()

    const second = await (await bench.instance('two')).consume({ window: { messages: 1, bytes: 1_000_000 } })
    await bench.settle()
    second.consumer.done(second.sink.find('m1'))
    await bench.clock.advance(50)
    expect(second.sink.received).toEqual(['m1', 'm3'])
    expect(bench.broker.control.groupMessages(defaultGroup, 0).map(({ id }) => id)).toEqual(['m3', 'm6'])
    bench.broker.control.instance('two').kill()

    const third = await (await bench.instance('three')).consume()
    await bench.settle()
    expect(third.sink.received).toEqual(['m3', 'm6'])
  })

  it('keeps failed attempts over a kill, of this delivery only', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(3))
    await bench.settle()
    await consumer.record?.(sink.find('m2'), 4)
    bench.broker.control.instance('one').kill()
    const two = await bench.instance('two')
    const second = await two.consume()
    await bench.settle()
    expect(second.sink.deliveries.map(({ failures }) => failures)).toEqual([0, 4, 0])
    await expect(second.consumer.record?.(sink.find('m2'), 9)).rejects.toMatchObject({ code: 'DISCONNECTED' })
  })

  it('has a new group start where it is created, or replay from the earliest', async () => {
    const { bench, one } = await keyedBench()
    one.send('orders', ids(3))
    await bench.settle()
    const late = await one.consume({ group: { topic: 'orders', group: 'late' } })
    const all = await one.consume({ group: replay, from: 'earliest' })
    one.send('orders', ['x'])
    await bench.settle()
    expect(late.sink.received).toEqual(['x'])
    expect(all.sink.received).toEqual([...ids(3), 'x'])
    // The start is used once: who joins later goes on where the group stands.
    for (const delivery of all.sink.deliveries) all.consumer.done(delivery)
    await all.consumer.stop()
    await all.consumer.close(never)
    const again = await one.consume({ group: replay, from: 'earliest' })
    await bench.settle()
    expect(again.sink.received).toEqual([])
  })

  it('is not held up by gaps', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    const { control } = bench.broker
    one.send('orders', ids(2))
    await bench.settle()
    control.gap('orders', 0, 3_000)
    one.send('orders', ids(2, 3))
    await bench.settle()
    control.gap('orders', 0, 1)
    expect(sink.received).toEqual(ids(4))
    expect(control.depth(defaultGroup)).toBe(4)
    for (const delivery of sink.deliveries) consumer.done(delivery)
    await consumer.stored(never)
    expect(control.position(defaultGroup, 0)).toBe(3_004)
    expect(control.depth(defaultGroup)).toBe(0)
  })

  it.each([
    ['fail', [], ['POSITION_LOST']],
    ['earliest', ['m8', 'm9', 'm10', 'x'], []],
    ['latest', ['x'], []],
  ] as const)('follows the policy %s when retention took its position', async (onPositionLost, received, failures) => {
    const { bench, one } = await keyedBench()
    one.send('orders', ids(10))
    await bench.settle()
    bench.broker.control.trim('orders', 0, 7)
    const { consumer, sink } = await one.consume({ onPositionLost })
    await bench.settle()
    one.send('orders', ['x'])
    await bench.settle()
    expect(sink.received).toEqual(received)
    expect(sink.failures.map(({ code }) => code)).toEqual(failures)
    if (onPositionLost === 'fail') return
    expect(sink.notices.map(({ kind, count }) => [kind, count])).toEqual([
      ['position-lost', onPositionLost === 'earliest' ? 7 : 10],
    ])
    // The jump is stored: a successor neither repeats it nor jumps again over what came meanwhile.
    bench.broker.control.instance('one').kill()
    const second = await (await bench.instance('two')).consume({ onPositionLost })
    await bench.settle()
    expect(second.sink.received).toEqual(received)
    expect(second.sink.notices).toEqual([])
    expect(consumer.unstored).toBe(0)
  })

  it('does not call lost what was done before retention took it', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume({ onPositionLost: 'fail' })
    one.send('orders', ids(4))
    await bench.settle()
    for (const delivery of sink.deliveries) consumer.done(delivery)
    await consumer.stored(never)
    bench.broker.control.trim('orders', 0, 4)
    bench.broker.control.instance('one').drop()
    await bench.clock.advance(100)
    one.send('orders', ['x'])
    await bench.settle()
    expect(sink.failures).toEqual([])
    expect(sink.received).toEqual([...ids(4), 'x'])
  })

  it('keeps no more than retention says', async () => {
    const { bench, one } = await keyedBench({ retention: { messages: 5_000, settled: 100 } })
    const { consumer, sink } = await one.consume()
    sink.onDelivery = (delivery) => consumer.done(delivery)
    for (let batch = 0; batch < 40; batch += 1) {
      one.send('orders', ids(100, batch * 100))
      await bench.clock.advance(250)
    }
    const { control } = bench.broker
    expect(control.offsets('orders', 0)).toEqual({ start: 3_900, end: 4_000 })
    consumer.pause()
    for (let batch = 0; batch < 70; batch += 1) one.send('orders', ids(100))
    await bench.settle()
    expect(control.offsets('orders', 0)).toEqual({ start: 6_000, end: 11_000 })
  })

  it('counts the hand-overs of each message, whatever is settled before it', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(3))
    await bench.settle()
    const rewind = async (): Promise<void> => {
      await Promise.all(sink.claims.splice(0).map((claim) => consumer.rewind(claim)))
      await bench.settle()
    }
    await rewind()
    await rewind()
    expect(sink.find('m1').handovers).toBe(2)
    consumer.done(sink.find('m1'))
    await consumer.stored(never)
    await rewind()
    expect(sink.find('m2').handovers).toBe(3)
    one.send('orders', ids(1, 4))
    await bench.settle()
    expect(sink.find('m4').handovers).toBe(0)
    await rewind()
    expect(sink.find('m3').handovers).toBe(4)
    expect(sink.find('m4').handovers).toBe(1)
    for (const id of ['m2', 'm3', 'm4']) consumer.done(sink.find(id))
    await consumer.stored(never)
    await rewind()
    one.send('orders', ids(1, 5))
    await bench.settle()
    expect(sink.find('m5').handovers).toBe(0)
  })

  it('reads on behind an open delivery only so far', async () => {
    const { bench, one } = await keyedBench()
    const { consumer, sink } = await one.consume({ window: { messages: 70_000, bytes: 2 ** 30 } })
    sink.onDelivery = (delivery) => {
      if (delivery.id !== 'm1') consumer.done(delivery)
    }
    for (let batch = 0; batch < 7; batch += 1) one.send('orders', ids(10_000, batch * 10_000 + 1))
    await bench.settle()
    expect(sink.deliveries).toHaveLength(65_536)
    consumer.done(sink.find('m1'))
    await bench.settle()
    expect(sink.deliveries).toHaveLength(70_000)
  })

  it('drops what every group has done behind one that stands still, and hands the rest to the next owner', async () => {
    const { bench, one } = await keyedBench({ retention: { settled: 2 } })
    const first = await one.consume()
    const second = await one.consume({ group: { topic: 'orders', group: 'second' } })
    one.send('orders', ids(10))
    await bench.settle()
    const done = (numbers: readonly number[], { consumer, sink }: typeof first): void => {
      for (const number of numbers) consumer.done(sink.find(`m${number}`))
    }
    done([2, 3, 4, 6, 7, 9, 10], first)
    done([1, 2, 3, 4, 5, 6, 8], second)
    await bench.clock.advance(100)
    // The second group has not come farther than m8, and m9 and m10 stay in any case.
    expect(bench.broker.control.ids('orders')).toEqual(['m1', 'm5', 'm7', 'm8', 'm9', 'm10'])
    expect(bench.broker.control.depth(defaultGroup)).toBe(3)
    bench.broker.control.instance('one').kill()
    const next = await (await bench.instance('two')).consume()
    await bench.settle()
    expect(next.sink.received).toEqual(['m1', 'm5', 'm8'])
  })
})
