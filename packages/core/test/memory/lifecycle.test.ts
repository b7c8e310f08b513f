import { describe, expect, it } from 'vitest'
import { memory } from '../../src/memory/index.js'
import { codeOf, createBench, defaultGroup, ids, kinds, message, never } from './fake-core.js'

const topology = { topics: [] }

describe.each(['queue', 'log'] as const)('the life of memory like %s', (like) => {
  it('rejects everything after close, and calls nothing back', async () => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions: 2 })
    const one = await bench.instance()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(2))
    await bench.settle()
    const log = [...sink.log]
    const states = [...one.states]
    await Promise.all([one.adapter.close(never), one.adapter.close(never)])
    await one.adapter.close(never)
    const { adapter } = one
    const sent = one.send('orders', ['x'])
    const calls = [
      adapter.route('orders', never),
      adapter.provision(topology, 'declare', never),
      one.consume(),
      adapter.deadLetters(defaultGroup, never),
      adapter.measure(defaultGroup, never),
      adapter.inspect(topology, never),
      consumer.stored(never),
      consumer.recordStart(sink.find('m1'), 1),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('CLOSED')
    consumer.done(sink.find('m1'))
    consumer.resume()
    bench.broker.control.addPartitions('orders', 1)
    await bench.clock.advance(60_000)
    expect(kinds(sent)).toEqual(['unwritten'])
    expect(sink.log).toEqual(log)
    expect(one.states).toEqual(states)
    expect(one.routeChanges).toEqual([])
    expect(bench.broker.control.depth(defaultGroup)).toBe(2)
    expect(bench.clock.pending).toBe(0)
  })

  it('rejects everything before open', async () => {
    const adapter = memory({ like })
    expect(await codeOf(adapter.route('orders', never))).toBe('CLOSED')
    expect(await codeOf(adapter.deadLetters(defaultGroup, never))).toBe('CLOSED')
    const reported: string[] = []
    const report = (_: number, { kind }: { kind: string }): void => void reported.push(kind)
    adapter.send({
      destination: { to: 'topic', topic: 't' },
      partition: 0,
      envelopes: [message('a')],
      resend: false,
      timeoutMs: 1,
      report,
    })
    expect(reported).toEqual([])
    await Promise.resolve()
    expect(reported).toEqual(['unwritten'])
    await adapter.close(never)
  })

  it('closes in every state', async () => {
    for (const fault of ['stop', 'silence', 'block'] as const) {
      const bench = createBench(like)
      await bench.topic()
      const one = await bench.instance()
      const { consumer } = await one.consume()
      await bench.settle()
      bench.broker.control[fault]()
      const sent = one.send('orders', ids(2))
      const asked = codeOf(one.adapter.measure({ topic: 'orders', group: 'nobody' }, never))
      const closing = [consumer.close(AbortSignal.abort()), one.adapter.close(never)]
      await Promise.all(closing)
      const kind = fault === 'stop' ? 'unwritten' : 'uncertain'
      expect(kinds(sent)).toEqual([kind, kind])
      expect(await asked).toBe(fault === 'block' ? 'UNKNOWN_TOPIC' : 'CLOSED')
    }
  })

  it('closes a consumer within its signal while the broker is silent', async () => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions: 1 })
    const one = await bench.instance()
    const { consumer, sink } = await one.consume()
    one.send('orders', ids(1))
    await bench.settle()
    bench.broker.control.silence()
    consumer.done(sink.find('m1'))
    const abort = new AbortController()
    let closed = false
    const closing = consumer.close(abort.signal).then(() => (closed = true))
    await bench.clock.advance(1_000)
    expect(closed).toBe(false)
    abort.abort()
    await closing
    bench.broker.control.speak()
    const again = await one.consume()
    await bench.settle()
    expect(again.sink.received).toEqual(ids(1))
  })

  it('makes a plan, verifies and declares, and never changes what is there', async () => {
    const bench = createBench(like)
    const one = await bench.instance()
    const group = { name: 'billing', order: 'key', from: 'creation', durableDelays: true } as const
    const orders = { name: 'orders', keyed: true, partitions: 4, groups: [group] }
    const states = async (mode: 'plan' | 'verify' | 'declare', spec = orders): Promise<string[]> => {
      const { items } = await one.adapter.provision({ topics: [spec] }, mode, never)
      return items.map(({ entity, state }) => `${entity} ${state}`)
    }
    for (const mode of ['plan', 'verify'] as const) {
      expect(await states(mode)).toEqual(['topic orders missing', 'group orders.billing missing'])
      expect(await codeOf(one.adapter.route('orders', never))).toBe('UNKNOWN_TOPIC')
    }
    expect(await states('declare')).toEqual(['topic orders created', 'group orders.billing created'])
    expect(await states('declare')).toEqual(['topic orders present', 'group orders.billing present'])
    const wider = { ...orders, partitions: 8 }
    expect(await states('verify', wider)).toEqual(['topic orders differs', 'group orders.billing present'])
    const { items } = await one.adapter.provision({ topics: [wider] }, 'declare', never)
    expect(items[0]).toEqual({
      entity: 'topic orders',
      state: 'differs',
      wanted: '8 partitions with keys',
      found: '4 partitions with keys',
    })
    expect(await states('verify', { ...orders, keyed: false })).toEqual([
      'topic orders differs',
      'group orders.billing present',
    ])
    expect((await one.adapter.route('orders', never)).partitions).toBe(4)
    expect(await states('declare', { ...orders, partitions: undefined as never })).toEqual([
      'topic orders present',
      'group orders.billing present',
    ])
  })

  it('says that a group without order cannot keep it', async () => {
    const bench = createBench(like)
    await bench.topic()
    const one = await bench.instance()
    const group = { name: 'billing', order: 'key', from: 'creation', durableDelays: false } as const
    const spec = { name: 'orders', keyed: false, partitions: undefined, groups: [group] }
    const { items } = await one.adapter.provision({ topics: [spec] }, 'verify', never)
    expect(items[1]?.state).toBe(like === 'queue' ? 'differs' : 'present')
  })

  it('measures what a group has not settled', async () => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions: 2 })
    const one = await bench.instance()
    expect(await one.adapter.measure(defaultGroup, never)).toEqual({
      backlog: 0,
      unsettled: 0,
      oldestMs: undefined,
      deadLetters: 0,
      partitions: [
        { partition: 0, backlog: 0 },
        { partition: 1, backlog: 0 },
      ],
    })
    const { consumer, sink } = await one.consume({ window: { messages: 2, bytes: 2 ** 20 } })
    one.send('orders', ids(5))
    await bench.clock.advance(700)
    one.send('orders', ids(1, 6), { partition: 1 })
    one.send({ to: 'dead-letter', group: defaultGroup }, ['d'])
    one.send({ to: 'group', group: defaultGroup, delayMs: 90_000 }, ['later'])
    await bench.clock.advance(300)
    consumer.done(sink.find('m2'))
    await consumer.stored(never)
    await bench.settle()
    expect(await one.adapter.measure(defaultGroup, never)).toEqual({
      backlog: 6,
      unsettled: 3,
      oldestMs: 1_000,
      deadLetters: 1,
      partitions: [
        { partition: 0, backlog: 5 },
        { partition: 1, backlog: 1 },
      ],
    })
    expect(await codeOf(one.adapter.measure({ topic: 'orders', group: 'nobody' }, never))).toBe('UNKNOWN_TOPIC')
  })

  it('does not call itself durable', async () => {
    const bench = createBench(like)
    const one = await bench.instance()
    const spec = { name: 'orders', keyed: false, partitions: undefined, groups: [] }
    const findings = await one.adapter.inspect({ topics: [spec] }, never)
    expect(findings.map(({ level, entity }) => [level, entity])).toEqual([['warning', 'topic orders']])
  })
})
