import { describe, expect, expectTypeOf, it } from 'vitest'
import { createMemoryBroker, memory } from '../../src/memory/index.js'
import { codeOf, createBench, never } from './fake-core.js'

describe('options of the broker', () => {
  it.each([
    [{ like: 'sqs' }, 'like'],
    [{ name: 'a b' }, 'name'],
    [{ maxMessageBytes: 0 }, 'maxMessageBytes'],
    [{ partitions: 1.5 }, 'partitions'],
    [{ unkeyedPartitions: 0 }, 'unkeyedPartitions'],
    [{ holdMs: -1 }, 'holdMs'],
    [{ sessionMs: 0 }, 'sessionMs'],
    [{ heartbeatMs: NaN }, 'heartbeatMs'],
    [{ storeDelayMs: 251 }, 'storeDelayMs'],
    [{ latencyMs: 5 }, 'latencyMs'],
    [{ outstanding: { messages: 0 } }, 'outstanding.messages'],
    [{ retention: { messages: 5 } }, 'retention'],
    [{ like: 'log', retention: { settled: -1 } }, 'retention.settled'],
  ])('refuses %j', (options, field) => {
    expect(() => createMemoryBroker(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', field }),
    )
  })

  it('refuses what does not exist', () => {
    const options = { partition: 4 }
    expect(() => createMemoryBroker(options as never)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }))
    expect(() => memory(options as never)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }))
  })

  it('tells its limits through the route', async () => {
    const limits = { maxMessageBytes: 500, partitions: 3, outstanding: { messages: 7 } }
    const bench = createBench('log', limits)
    await bench.topic('orders', { keyed: true })
    const one = await bench.instance()
    expect(await one.adapter.route('orders', never)).toEqual({
      partitions: 3,
      maxMessageBytes: 500,
      outstanding: { batches: 4, messages: 7, bytes: 8_388_608 },
    })
  })

  it.each([
    ['queue', 8, 1],
    ['rabbitmq', 8, 1],
    ['log', 8, 8],
    ['kafka', 8, 8],
  ] as const)('like %s: %i partitions with keys, %i without', async (like, keyed, unkeyed) => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true })
    await bench.topic('mail')
    const one = await bench.instance()
    expect((await one.adapter.route('orders', never)).partitions).toBe(keyed)
    expect((await one.adapter.route('mail', never)).partitions).toBe(unkeyed)
  })
})

describe('options of the adapter', () => {
  it('shares the broker of one name and kind in the process', async () => {
    const name = 'options-shared'
    const shared = memory({ name, partitions: 3 })
    await shared.open({ ...contextStub, clientName: 'first' }, never)
    await shared.provision(
      { topics: [{ name: 'orders', keyed: true, partitions: undefined, groups: [] }] },
      'declare',
      never,
    )
    const second = memory({ name })
    await second.open({ ...contextStub, clientName: 'second' }, never)
    expect((await second.route('orders', never)).partitions).toBe(3)
    const other = memory({ name, like: 'log' })
    await other.open({ ...contextStub, clientName: 'other' }, never)
    expect(await codeOf(other.route('orders', never))).toBe('UNKNOWN_TOPIC')
    expect(() => memory({ name, partitions: 4 })).toThrow(expect.objectContaining({ field: 'partitions' }))
    for (const adapter of [shared, second, other]) await adapter.close(never)
  })

  it.each([
    ['like', { like: 'log' }],
    ['name', { name: 'other' }],
    ['partitions', { partitions: 3 }],
  ])('refuses a %s that contradicts the broker that is passed', (field, contradiction) => {
    const broker = createMemoryBroker()
    expect(() => memory({ broker, ...contradiction } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', field }),
    )
  })

  it('refuses a broker that is none', () => {
    expect(() => memory({ broker: {} as never })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', field: 'broker' }),
    )
  })
})

describe('capabilities', () => {
  it('are those of what memory is like, in types and at run time', () => {
    const queue = memory().capabilities
    expectTypeOf(queue.replay).toEqualTypeOf<false>()
    expectTypeOf(queue.giveBack).toEqualTypeOf<'single'>()
    expectTypeOf(queue.routing).toEqualTypeOf<'bound'>()
    expect(queue).toMatchObject({
      routing: 'bound',
      replay: false,
      giveBack: 'single',
      attemptRecord: false,
      byteWindow: true,
    })

    const log = memory({ like: 'log' }).capabilities
    expectTypeOf(log.replay).toEqualTypeOf<true>()
    expectTypeOf(log.giveBack).toEqualTypeOf<'rewind'>()
    expect(log).toMatchObject({
      routing: 'log',
      replay: true,
      giveBack: 'rewind',
      attemptRecord: true,
      byteWindow: true,
    })

    expect(memory({ like: 'rabbitmq' }).capabilities.byteWindow).toBe(false)
    expectTypeOf(
      memory({ broker: createMemoryBroker({ like: 'kafka' }) }).capabilities.attemptRecord,
    ).toEqualTypeOf<true>()
    for (const like of ['queue', 'log', 'rabbitmq', 'kafka'] as const) {
      const { notes, ...capabilities } = memory({ like }).capabilities
      expect(Object.keys(notes).sort()).toEqual(Object.keys(capabilities).sort())
      expect(capabilities).toMatchObject({
        keyedOrder: true,
        giveBackDelay: false,
        groupAddress: true,
        durableDelay: true,
      })
    }
  })
})

const contextStub = {
  clientName: '',
  clock: { now: () => 0, monotonic: () => 0, after: () => () => undefined },
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  state: () => undefined,
  routeChanged: () => undefined,
}
