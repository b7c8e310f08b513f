import { describe, expect, it } from 'vitest'
import { memory, type Unreported } from '../../src/memory/index.js'
import { codeOf, createBench, defaultGroup, ids, kinds, never } from './fake-core.js'

describe.each(['queue', 'log'] as const)('faults of memory like %s', (like) => {
  const started = async (name = 'one') => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions: 2 })
    const one = await bench.instance(name)
    const { consumer, sink } = await one.consume({ order: 'key' })
    await bench.settle()
    one.states.length = 0
    sink.log.length = 0
    return { bench, one, consumer, sink, control: bench.broker.control, instance: bench.broker.control.instance(name) }
  }

  it('comes back by itself from a lost connection, claims under new epochs', async () => {
    const { bench, one, consumer, sink, instance } = await started()
    one.send('orders', ids(3))
    await bench.settle()
    const epochs = new Set(sink.claims.map(({ epoch }) => epoch))
    consumer.done(sink.find('m1'))
    const early = sink.find('m2')
    instance.drop()
    expect(one.states).toEqual([])
    await bench.clock.advance(100)
    expect(one.states).toEqual([
      'publish lost',
      'publish connecting',
      'consume lost',
      'consume connecting',
      'publish ready',
      'consume ready',
    ])
    expect(one.causes.map(({ code, retryable, fatal }) => [code, retryable, fatal])).toEqual([
      ['DISCONNECTED', true, false],
      ['DISCONNECTED', true, false],
    ])
    expect(sink.log.slice(3)).toEqual(['lost 0 1', 'claimed 0', 'claimed 1', ...ids(3).map((id) => `delivered ${id}`)])
    expect(sink.claims.some(({ epoch }) => epochs.has(epoch))).toBe(false)
    expect(sink.find('m2').handovers).toBe(1)
    // Ends under the dead claim are dropped.
    consumer.done(early)
    await bench.clock.advance(250)
    expect(bench.broker.control.depth(defaultGroup)).toBe(3)
  })

  it('breaks one side alone', async () => {
    const { bench, one, sink, instance } = await started()
    instance.drop({ side: 'publish', reconnect: 'manual' })
    await bench.clock.advance(1_000)
    expect(one.states).toEqual(['publish lost'])
    expect([instance.state('publish'), instance.state('consume')]).toEqual(['lost', 'ready'])
    expect(sink.log).toEqual([])
    const sent = one.send('orders', ['a'])
    await bench.settle()
    expect(kinds(sent)).toEqual(['unwritten'])
    instance.restore()
    await bench.clock.advance(100)
    expect(one.states).toEqual(['publish lost', 'publish connecting', 'publish ready'])
    instance.drop({ side: 'consume' })
    const through = one.send('orders', ['b'])
    await bench.clock.advance(100)
    expect(kinds(through)).toEqual(['stored'])
    expect(one.states.slice(3)).toEqual(['consume lost', 'consume connecting', 'consume ready'])
    expect(sink.received).toEqual(['b'])
  })

  it.each([
    ['stored', ids(5)],
    ['lost', []],
    ['half', ids(3)],
  ] as const)('drops a connection with answers under way: %s', async (unreported: Unreported, stored) => {
    const { bench, one, control, instance } = await started()
    control.onSend(() => ({ delayMs: 10 }))
    const results = [one.send('orders', ids(2)), one.send('orders', ids(3, 3))]
    await bench.settle()
    instance.drop({ unreported })
    expect(results.flatMap(kinds).every((kind) => kind === undefined)).toBe(true)
    await bench.settle()
    expect(results.flatMap(kinds)).toEqual(ids(5).map(() => 'uncertain'))
    expect(control.groupMessages(defaultGroup).map(({ id }) => id)).toEqual(stored)
  })

  it('reports what is unreported before it is closed, also right after a loss', async () => {
    const { one, instance } = await started()
    const results = one.send('orders', ids(2))
    instance.drop({ unreported: 'lost' })
    const after = one.send('orders', ids(1))
    await one.adapter.close(never)
    expect([...kinds(results), ...kinds(after)]).toEqual(['uncertain', 'uncertain', 'unwritten'])
  })

  it('recovers from a restart of the broker with everything it stored', async () => {
    const { bench, one, sink, control, consumer } = await started()
    one.send('orders', ids(3))
    await bench.settle()
    for (const delivery of sink.deliveries.slice(0, 2)) consumer.done(delivery)
    await consumer.stored(never)
    control.stop()
    await bench.clock.advance(60_000)
    expect(one.states.slice(-1)).toEqual(['consume connecting'])
    expect(await codeOf(one.adapter.route('orders', AbortSignal.abort()))).toBe('TIMEOUT')
    const asked = one.adapter.route('orders', never)
    control.start()
    await bench.clock.advance(100)
    expect((await asked).partitions).toBe(2)
    expect(one.states.slice(-2)).toEqual(['publish ready', 'consume ready'])
    expect(sink.received).toEqual([...ids(3), 'm3'])
  })

  it('flaps twenty times and has one consumer and no more listeners than before', async () => {
    const { bench, sink, control, instance } = await started()
    const before = control.listeners()
    for (let flap = 0; flap < 20; flap += 1) {
      instance.drop()
      await bench.clock.advance(flap * 7)
    }
    await bench.clock.advance(100)
    expect(control.consumers(defaultGroup)).toBe(1)
    expect(control.listeners()).toBe(before)
    expect(sink.partitions).toEqual([0, 1])
  })

  it('takes no messages while it is blocked, and goes on delivering', async () => {
    const { bench, one, sink, consumer, control } = await started()
    one.send('orders', ids(1))
    await bench.settle()
    control.block()
    const waiting = one.send('orders', ids(2, 2))
    consumer.done(sink.find('m1'))
    await bench.clock.advance(60_000)
    expect(one.states).toEqual(['publish blocked'])
    expect(kinds(waiting)).toEqual([undefined, undefined])
    expect(control.depth(defaultGroup)).toBe(0)
    control.unblock()
    await bench.settle()
    expect(one.states).toEqual(['publish blocked', 'publish ready'])
    expect(kinds(waiting)).toEqual(['stored', 'stored'])
    expect(sink.received).toEqual(ids(3))
  })

  it('notices a broker that says nothing any more', async () => {
    const { bench, one, sink, consumer, control } = await started()
    one.send('orders', ids(2))
    await bench.settle()
    control.silence({ unreported: 'lost' })
    const sent = one.send('orders', ['x'])
    consumer.done(sink.find('m1'))
    const stored = codeOf(consumer.stored(never))
    const asked = new AbortController()
    const route = codeOf(one.adapter.route('orders', asked.signal))
    await bench.clock.advance(5_999)
    expect([one.states, kinds(sent), consumer.unstored]).toEqual([[], [undefined], 1])
    asked.abort()
    expect(await route).toBe('TIMEOUT')
    await bench.clock.advance(1)
    expect(one.states).toEqual(['publish lost', 'publish connecting', 'consume lost', 'consume connecting'])
    expect(kinds(sent)).toEqual(['uncertain'])
    expect(await stored).toBe('DISCONNECTED')
    expect(sink.log.slice(-1)).toEqual(['lost 0 1'])
    await bench.clock.advance(15_000)
    control.speak()
    await bench.clock.advance(100)
    expect(one.states.slice(-2)).toEqual(['publish ready', 'consume ready'])
    expect(sink.received).toEqual(['m1', 'm2', 'm1', 'm2'])
  })

  it('goes on as before after a short silence', async () => {
    const { bench, one, sink, consumer, control } = await started()
    control.silence()
    const sent = one.send('orders', ids(2))
    await bench.clock.advance(3_000)
    expect(kinds(sent)).toEqual([undefined, undefined])
    control.speak()
    await bench.clock.advance(60_000)
    expect(kinds(sent)).toEqual(['stored', 'stored'])
    expect(sink.received).toEqual(ids(2))
    expect(one.states).toEqual([])
    consumer.done(sink.find('m1'))
    await consumer.stored(never)
    expect(control.depth(defaultGroup)).toBe(1)
  })

  it('goes on as before when it is thawed within its session', async () => {
    const { bench, one, sink, consumer, control, instance } = await started()
    one.send('orders', ids(2))
    await bench.settle()
    instance.freeze()
    one.send('orders', ids(1, 3))
    consumer.done(sink.find('m1'))
    await bench.clock.advance(9_999)
    expect(control.depth(defaultGroup)).toBe(2)
    instance.thaw()
    await bench.settle()
    expect(sink.received).toEqual(ids(3))
    expect(control.depth(defaultGroup)).toBe(2)
    expect(one.states).toEqual([])
  })

  it('gives the claims of a frozen client away, which learns of it first when it is thawed', async () => {
    const { bench, one, sink, consumer, control, instance } = await started()
    one.send('orders', ids(2))
    await bench.settle()
    instance.freeze()
    const sent = one.send('orders', ids(1, 3))
    const two = await bench.instance('two')
    const second = await two.consume({ order: 'key' })
    await bench.clock.advance(10_000)
    expect(second.sink.received).toEqual(ids(2))
    for (const delivery of second.sink.deliveries) second.consumer.done(delivery)
    await second.consumer.stored(never)
    consumer.done(sink.find('m1'))
    expect(sink.log).toEqual(['delivered m1', 'delivered m2'])
    instance.thaw()
    await bench.clock.advance(100)
    expect(sink.log.slice(2)).toEqual(['lost 0 1', 'claimed 1'])
    expect(one.states[0]).toBe('publish lost')
    expect(kinds(sent)).toEqual(['uncertain'])
    expect(control.depth(defaultGroup)).toBe(0)
    expect(consumer.unstored).toBe(0)
  })

  it('tells a frozen client of a wait that was broken when it is thawed, after the loss', async () => {
    const { bench, one, sink, consumer, control, instance } = await started()
    one.send('orders', ids(1))
    await bench.settle()
    instance.freeze()
    const told: string[] = []
    consumer.recordStart(sink.find('m1'), 1).then(
      () => told.push('kept'),
      () => told.push(`broken after ${sink.log.length} calls`),
    )
    control.stop()
    await bench.clock.advance(60_000)
    expect(told).toEqual([])
    expect(sink.log).toEqual(['delivered m1'])
    instance.thaw()
    await bench.settle()
    expect(sink.log).toEqual(['delivered m1', 'lost 0 1'])
    expect(told).toEqual(['broken after 2 calls'])
  })

  it('tells a frozen client in one call of claims that it lost one after the other', async () => {
    const { bench, one, sink, control, instance } = await started()
    one.send('orders', ['a'], { partition: 0 })
    one.send('orders', ['b'], { partition: 1 })
    await bench.settle()
    instance.freeze()
    expect(control.expireHold(defaultGroup)).toBe(2)
    await bench.clock.advance(1)
    expect(sink.log).toEqual(['delivered a', 'delivered b'])
    instance.thaw()
    await bench.settle()
    expect(sink.log.filter((line) => line.startsWith('lost'))).toEqual(['lost 0 1'])
  })

  it('never calls back into a process that is killed, and nothing it does has an effect', async () => {
    const { bench, one, sink, consumer, control, instance } = await started()
    one.send('orders', ids(2))
    await bench.settle()
    const unreported = one.send('orders', ids(2, 3))
    instance.kill({ unreported: 'stored' })
    expect(instance.alive).toBe(false)
    const log = [...sink.log]
    for (const delivery of sink.deliveries) consumer.done(delivery)
    consumer.giveBack(sink.find('m1'), 0)
    consumer.resume()
    const sent = one.send('orders', ['late'])
    let ended = false
    void consumer.stored(never).finally(() => (ended = true))
    control.addPartitions('orders', 1)
    control.stop()
    control.start()
    await bench.clock.advance(60_000)
    expect([sink.log, one.states, one.routeChanges]).toEqual([log, [], []])
    expect([...kinds(unreported), ...kinds(sent)]).toEqual([undefined, undefined, undefined])
    expect(ended).toBe(false)
    expect(control.groupMessages(defaultGroup).map(({ id }) => id)).toEqual(ids(4))
    expect(control.instances().map(({ clientName }) => clientName)).toEqual(['admin'])
    await Promise.all([consumer.close(AbortSignal.abort()), one.adapter.close(never)])
    expect(sink.log).toEqual(log)
  })

  it('declares again what it had declared, and says that there is a gap', async () => {
    const { bench, one, sink, control } = await started()
    const owner = await bench.instance('owner')
    const spec = { name: 'orders', keyed: true, partitions: 2, groups: [] }
    await owner.adapter.provision({ topics: [spec] }, 'declare', never)
    const own = await owner.consume({ order: 'key' })
    await bench.settle()
    control.deleteTopic('orders')
    await bench.settle()
    expect(own.sink.log.filter((line) => !line.startsWith('revoking'))).toEqual([
      'claimed 1',
      'lost 1',
      'noticed group-recreated',
      'claimed 0',
      'claimed 1',
    ])
    expect(owner.routeChanges).toEqual(['orders'])
    owner.send('orders', ['x'])
    await bench.settle()
    expect(own.sink.received).toEqual(['x'])
    // The other one had found it: it is not its own to make, so a person has to.
    expect(sink.log.slice(-2)).toEqual(['lost 0', 'failed UNKNOWN_TOPIC'])
    expect(one.routeChanges).toEqual(['orders'])
  })

  it('follows a topic that was made anew with fewer partitions', async () => {
    const { bench, one, sink, control } = await started()
    control.setPartitions('orders', 1)
    await bench.settle()
    expect(one.routeChanges).toEqual(['orders'])
    expect((await one.adapter.route('orders', never)).partitions).toBe(1)
    expect(sink.log).toEqual(['lost 0 1', 'noticed group-recreated', 'claimed 0'])
    control.setPartitions('orders', 3)
    await bench.settle()
    expect(sink.partitions).toEqual([0, 1, 2])
  })
})

describe('opening memory', () => {
  const open = (bench: ReturnType<typeof createBench>, signal: AbortSignal) => {
    const adapter = memory({ broker: bench.broker })
    const states: string[] = []
    const context = {
      clientName: 'late',
      clock: bench.clock,
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      state: (side: string, state: string) => void states.push(`${side} ${state}`),
      routeChanged: () => undefined,
    }
    return { adapter, states, opened: codeOf(adapter.open(context, signal)) }
  }

  it.each([
    ['stopped', 'stop', 'start'],
    ['silent', 'silence', 'speak'],
  ] as const)('tries again while the broker is %s', async (_, begin, end) => {
    const bench = createBench('queue')
    bench.broker.control[begin]()
    const late = open(bench, never)
    await bench.clock.advance(10_000)
    // Once, with the reason, however often it is tried.
    expect(late.states).toEqual(['publish connecting', 'consume connecting'])
    bench.broker.control[end]()
    await bench.clock.advance(100)
    expect(await late.opened).toBe('resolved: undefined')
    expect(late.states.slice(2)).toEqual(['publish ready', 'consume ready'])
  })

  it('gives up when its signal fires', async () => {
    const bench = createBench('queue')
    bench.broker.control.stop()
    const abort = new AbortController()
    const late = open(bench, abort.signal)
    await bench.clock.advance(1_000)
    abort.abort()
    expect(await late.opened).toBe('DISCONNECTED')
    expect(await open(bench, AbortSignal.abort()).opened).toBe('DISCONNECTED')
    expect(bench.clock.pending).toBe(0)
  })

  it('rejects at once when it is denied', async () => {
    const bench = createBench('queue')
    bench.broker.control.deny()
    expect(await open(bench, never).opened).toBe('DENIED')
    expect(bench.clock.pending).toBe(0)
    bench.broker.control.allow()
    expect(await open(bench, never).opened).toBe('resolved: undefined')
  })

  it('once it was open, a denial is told and tried again', async () => {
    const bench = createBench('queue')
    const one = await bench.instance()
    bench.broker.control.deny()
    bench.broker.control.instance('one').drop()
    await bench.clock.advance(10_000)
    expect(one.causes.map(({ code }) => code)).toEqual(['DISCONNECTED', 'DISCONNECTED', 'DENIED', 'DENIED'])
    bench.broker.control.allow()
    await bench.clock.advance(100)
    expect(one.states.slice(-2)).toEqual(['publish ready', 'consume ready'])
  })

  it('ends an open() that is under way when it is closed', async () => {
    const bench = createBench('queue')
    bench.broker.control.stop()
    const late = open(bench, never)
    await late.adapter.close(never)
    expect(await late.opened).toBe('CLOSED')
    expect(bench.clock.pending).toBe(0)
  })
})
