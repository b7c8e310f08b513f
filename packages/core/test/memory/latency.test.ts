import { describe, expect, it } from 'vitest'
import type { Trip } from '../../src/memory/index.js'
import { createBench, defaultGroup, ids, kinds, message, never } from './fake-core.js'

/** Every kind of trip takes the time that stands here. */
const timed = (ms: Partial<Record<Trip['what'], number>>) => ({ latencyMs: ({ what }: Trip) => ms[what] ?? 0 })

describe.each(['queue', 'log'] as const)('a way that takes time, like %s', (like) => {
  const open = async (times: Partial<Record<Trip['what'], number>>, keyed = true) => {
    const bench = createBench(like, timed(times))
    const provisioning = bench.topic('orders', { keyed, partitions: 1 })
    await bench.clock.advance(100)
    await provisioning
    const one = await bench.instance()
    const consume = async () => {
      const consuming = one.consume({ order: keyed ? 'key' : 'none' })
      await bench.clock.advance(100)
      return consuming
    }
    return { bench, one, consume }
  }

  it('lets a send and its answer arrive when their time has passed', async () => {
    const { bench, one } = await open({ send: 30, answer: 20 })
    const results = one.send('orders', ['m1'])
    await bench.clock.advance(29)
    expect(bench.broker.control.ids('orders')).toEqual([])
    await bench.clock.advance(1)
    expect(bench.broker.control.ids('orders')).toEqual(['m1'])
    await bench.clock.advance(19)
    expect(kinds(results)).toEqual([undefined])
    await bench.clock.advance(1)
    expect(kinds(results)).toEqual(['stored'])
  })

  it('keeps the sends of a stream in order, also when a later one is faster', async () => {
    const times = [40, 5]
    const bench = createBench(like, { latencyMs: ({ what }) => (what === 'send' ? (times.shift() ?? 0) : 0) })
    const provisioning = bench.topic('orders', { keyed: true, partitions: 1 })
    await bench.clock.advance(1)
    await provisioning
    const one = await bench.instance()
    one.send('orders', ['m1'])
    one.send('orders', ['m2'])
    await bench.clock.advance(40)
    expect(bench.broker.control.ids('orders')).toEqual(['m1', 'm2'])
  })

  it('reports what was stored as uncertain when the connection goes before the answer has come', async () => {
    const { bench, one } = await open({ answer: 50 })
    const results = one.send('orders', ['m1'])
    await bench.clock.advance(10)
    expect(bench.broker.control.ids('orders')).toEqual(['m1'])
    bench.broker.control.instance('one').drop()
    await bench.settle()
    expect(kinds(results)).toEqual(['uncertain'])
    await bench.clock.advance(1_000)
    expect(kinds(results)).toEqual(['uncertain'])
  })

  it('reports as uncertain what has no answer in time, and leaves no timer', async () => {
    const { bench, one } = await open({ answer: 50 })
    const late = one.send('orders', ['m1'], { timeoutMs: 30 })
    await bench.clock.advance(30)
    expect(kinds(late)).toEqual(['uncertain'])
    const early = one.send('orders', ['m2'], { resend: true, timeoutMs: 80 })
    await bench.clock.advance(50)
    expect(kinds(early)).toEqual(['stored'])
    expect(bench.clock.pending).toBe(0)
  })

  it('stores nothing behind a message in doubt when the connection goes', async () => {
    const { bench, one } = await open({ send: 10, answer: 50 })
    bench.broker.control.onSend(({ envelope }) => (envelope.id === 'm1' ? 'uncertain-lost' : undefined))
    const first = one.send('orders', ['m1'])
    await bench.clock.advance(10)
    const second = one.send('orders', ['m2'])
    bench.broker.control.instance('one').drop({ unreported: 'stored' })
    await bench.settle()
    expect([...kinds(first), ...kinds(second)]).toEqual(['uncertain', 'uncertain'])
    expect(bench.broker.control.ids('orders')).toEqual([])
  })

  it('hands over what was on its way at a pause when it is over, and nothing after a stop', async () => {
    const { bench, one, consume } = await open({ 'to-client': 20 })
    const { consumer, sink } = await consume()
    one.send('orders', ['m1'])
    await bench.clock.advance(10)
    consumer.pause()
    await bench.clock.advance(100)
    expect(sink.received).toEqual([])
    expect(consumer.buffered.messages).toBe(1)
    consumer.resume()
    await bench.settle()
    expect(sink.received).toEqual(['m1'])
    one.send('orders', ['m2'])
    await bench.clock.advance(10)
    await consumer.stop()
    await bench.clock.advance(100)
    expect(sink.received).toEqual(['m1'])
  })

  it('says that everything is stored when that has come back', async () => {
    const { bench, one, consume } = await open({ 'to-broker': 30, 'to-client': 20 })
    const { consumer, sink } = await consume()
    one.send('orders', ['m1'])
    await bench.clock.advance(20)
    consumer.done(sink.find('m1'))
    let stored = false
    void consumer.stored(never).then(() => {
      stored = true
    })
    await bench.clock.advance(30)
    expect(bench.broker.control.depth(defaultGroup)).toBe(0)
    expect(stored).toBe(false)
    await bench.clock.advance(20)
    expect(stored).toBe(true)
  })

  it('tells who watches what is stored and what is settled, each once', async () => {
    const { bench, one, consume } = await open({})
    const facts: string[] = []
    const end = bench.broker.control.watch({
      stored: ({ clientName, destination, id }) => facts.push(`${clientName} ${destination.to} ${id}`),
      settled: ({ clientName, group, id }) => facts.push(`${clientName} ${group.group} ${id} settled`),
    })
    const { consumer, sink } = await consume()
    one.send('orders', ids(3))
    one.send({ to: 'group', group: defaultGroup }, [message('m4')])
    await bench.settle()
    // Ahead of m1, and not settled again with it.
    for (const id of ['m2', 'm4', 'm1']) {
      consumer.done(sink.find(id))
      await bench.clock.advance(100)
    }
    expect(facts.filter((fact) => !fact.endsWith('settled'))).toEqual([
      ...ids(3).map((id) => `one topic ${id}`),
      'one group m4',
    ])
    expect(facts.filter((fact) => fact.endsWith('settled'))).toEqual(
      ['m2', 'm4', 'm1'].map((id) => `one billing ${id} settled`),
    )
    end()
    one.send('orders', ['m5'])
    await bench.settle()
    expect(facts).toHaveLength(7)
  })
})

it('a delivery that goes back alone is not stored as done by what was sent before it', async () => {
  const bench = createBench('queue', timed({ 'to-broker': 20 }))
  const provisioning = bench.topic()
  await bench.settle()
  await provisioning
  const one = await bench.instance()
  const consuming = one.consume()
  await bench.clock.advance(10)
  const { consumer, sink } = await consuming
  one.send('orders', ids(2))
  await bench.settle()
  consumer.done(sink.find('m1'))
  await bench.clock.advance(5)
  consumer.giveBack(sink.find('m2'), 0)
  await bench.clock.advance(100)
  expect(sink.received).toEqual(['m1', 'm2', 'm2'])
  expect(bench.broker.control.ids('orders')).toEqual(['m2'])
})
