import { describe, expect, it } from 'vitest'
import { codeOf, createBench, defaultGroup, ids, kinds, message, never } from './fake-core.js'

describe.each(['queue', 'log'] as const)('messages for one group of memory like %s', (like) => {
  const started = async () => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions: 2, groups: ['billing', 'mail'] })
    const one = await bench.instance()
    return { bench, one, control: bench.broker.control }
  }

  it('reach this group only, under the claim of their partition', async () => {
    const { bench, one } = await started()
    const billing = await one.consume()
    const mail = await one.consume({ group: { topic: 'orders', group: 'mail' } })
    one.send({ to: 'group', group: defaultGroup }, ids(3), { partition: 1 })
    await bench.settle()
    expect(billing.sink.received).toEqual(ids(3))
    expect(billing.sink.deliveries.every(({ claim }) => claim.partition === 1)).toBe(true)
    expect(mail.sink.received).toEqual([])
    for (const delivery of billing.sink.deliveries) billing.consumer.done(delivery)
    await billing.consumer.stored(never)
    expect(bench.broker.control.depth(defaultGroup)).toBe(0)
  })

  it('are never early, and a long delay does not hold up a short one', async () => {
    const { bench, one } = await started()
    const { sink } = await one.consume()
    one.send({ to: 'group', group: defaultGroup, delayMs: 60_000 }, ['long'])
    one.send({ to: 'group', group: defaultGroup, delayMs: 100 }, ['short'])
    one.send('orders', ['now'])
    await bench.clock.advance(99)
    expect(sink.received).toEqual(['now'])
    await bench.clock.advance(1)
    expect(sink.received).toEqual(['now', 'short'])
    await bench.clock.advance(59_899)
    expect(sink.received).toEqual(['now', 'short'])
    await bench.clock.advance(1)
    expect(sink.received).toEqual(['now', 'short', 'long'])
  })

  it('wait at the broker without a timer while nobody consumes', async () => {
    const { bench, one, control } = await started()
    const sent = one.send({ to: 'group', group: defaultGroup, delayMs: 1_000 }, ['x'])
    await bench.settle()
    expect(kinds(sent)).toEqual(['stored'])
    expect(bench.clock.pending).toBe(0)
    control.stop()
    control.start()
    await bench.clock.advance(5_000)
    expect(control.depth(defaultGroup)).toBe(1)
    const { sink } = await one.consume()
    await bench.settle()
    expect(sink.received).toEqual(['x'])
  })

  it('survive a kill with their failures and starts', async () => {
    const { bench, one, control } = await started()
    const { consumer, sink } = await one.consume()
    one.send({ to: 'group', group: defaultGroup }, ids(3))
    await bench.settle()
    consumer.done(sink.find('m1'))
    await bench.clock.advance(250)
    await consumer.recordStart(sink.find('m2'), 1)
    await consumer.record?.(sink.find('m3'), 2)
    consumer.done(sink.find('m3'))
    control.instance('one').kill()
    const second = await (await bench.instance('two')).consume()
    await bench.settle()
    expect(
      second.sink.deliveries.map(({ id, starts, failures, handovers }) => [id, starts, failures, handovers]),
    ).toEqual([
      ['m2', 1, 0, 1],
      ['m3', 0, like === 'log' ? 2 : 0, 1],
    ])
  })

  it('are neither starved by new messages nor starve them', async () => {
    const { bench, one } = await started()
    one.send('orders', ids(100))
    one.send({ to: 'group', group: defaultGroup }, ids(100, 101))
    await bench.settle()
    const { sink } = await one.consume({ window: { messages: 10, bytes: 2 ** 20 } })
    await bench.settle()
    const own = sink.received.filter((id) => Number(id?.slice(1)) > 100)
    // A queue has one order for both; a log has two places and takes from either.
    expect(own).toHaveLength(like === 'log' ? 5 : 0)
    expect(sink.received).toHaveLength(10)
  })
})

describe.each(['queue', 'log'] as const)('dead letters of memory like %s', (like) => {
  const started = async (count: number) => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions: 2 })
    const one = await bench.instance()
    one.send(
      { to: 'dead-letter', group: defaultGroup },
      ids(count).map((id) => message(id, { headers: [['sluice-reason', 'x']] })),
    )
    await bench.settle()
    return { bench, one }
  }

  it('are read in order, page by page, and stay until they are removed', async () => {
    const { bench, one } = await started(5)
    const box = await one.adapter.deadLetters(defaultGroup, never)
    const first = await box.read(undefined, 3, never)
    const rest = await box.read(first.at(-1)?.cursor, 3, never)
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids(5))
    expect(first[0]).toMatchObject({
      contentType: 'application/json',
      headers: [['sluice-reason', 'x']],
      timestampMs: 1_000,
    })
    await box.remove(first.slice(1), never)
    expect((await box.read(undefined, 10, never)).map(({ id }) => id)).toEqual(['m1', 'm4', 'm5'])
    await box.close()
    await box.close()
    expect(await codeOf(box.read(undefined, 1, never))).toBe('CLOSED')
    expect(bench.broker.control.deadLetters(defaultGroup).map(({ id }) => id)).toEqual(['m1', 'm4', 'm5'])
  })

  it('are open to one at a time, over all clients', async () => {
    const { bench, one } = await started(1)
    const box = await one.adapter.deadLetters(defaultGroup, never)
    const two = await bench.instance('two')
    expect(await codeOf(two.adapter.deadLetters(defaultGroup, never))).toBe('BUSY')
    expect(await codeOf(one.adapter.deadLetters(defaultGroup, never))).toBe('BUSY')
    await box.close()
    const second = await two.adapter.deadLetters(defaultGroup, never)
    await box.close()
    expect(await codeOf(one.adapter.deadLetters(defaultGroup, never))).toBe('BUSY')
    bench.broker.control.instance('two').kill()
    const third = await one.adapter.deadLetters(defaultGroup, never)
    bench.broker.control.instance('one').drop()
    await bench.clock.advance(100)
    expect(await codeOf(third.read(undefined, 1, never))).toBe('DISCONNECTED')
    expect((await (await one.adapter.deadLetters(defaultGroup, never)).read(undefined, 1, never)).length).toBe(1)
    expect(await codeOf(second.read(undefined, 1, AbortSignal.abort()))).toBe('DISCONNECTED')
  })

  it('belong to a group that exists', async () => {
    const { one } = await started(1)
    expect(await codeOf(one.adapter.deadLetters({ topic: 'orders', group: 'nobody' }, never))).toBe('UNKNOWN_TOPIC')
  })
})
