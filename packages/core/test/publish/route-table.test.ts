import { describe, expect, it } from 'vitest'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import { createRouteTable, type RouteTable } from '../../src/publish/route-table.js'
import { adapterError } from '../../src/spi/adapter-error.js'
import type { GroupSpec } from '../../src/spi/topology.js'
import { FakeBroker, type FakeBrokerOptions } from './fake-broker.js'
import { publishing } from './publishing.js'

const schema = unchecked<{ k: string }>()
const key = (payload: { k: string }): string => payload.k
const orders = defineTopic('orders', { schema, key, partitions: 8, groups: ['billing', 'mail'] })
const plain = defineTopic('plain', { schema })
const { signal } = new AbortController()

type TopologyMode = 'declare' | 'verify' | 'none'

function table(options: FakeBrokerOptions & { topology?: TopologyMode } = {}): {
  readonly broker: FakeBroker
  readonly routes: RouteTable
  readonly clock: ReturnType<typeof createSimulatedClock>
} {
  const broker = new FakeBroker({ partitions: 8, ...options })
  const clock = createSimulatedClock()
  const { topology = 'declare' } = options
  return { broker, clock, routes: createRouteTable({ adapter: broker.adapter, clock, topology }) }
}

const passing = (): Error => adapterError('DISCONNECTED', 'not connected', { retryable: true })

describe('the first use of a topic', () => {
  it('creates it with the groups that it names, once, and is remembered', async () => {
    const { broker, routes } = table()
    const found = await Promise.all([routes.route(orders, signal), routes.route(orders, signal)])
    expect(found).toEqual([broker.route_, broker.route_])
    const group = { order: 'key', from: 'creation', durableDelays: false }
    expect(broker.provisioned).toEqual([
      {
        mode: 'declare',
        topology: {
          topics: [
            {
              ...{ name: 'orders', keyed: true, partitions: 8 },
              groups: [
                { name: 'billing', ...group },
                { name: 'mail', ...group },
              ],
            },
          ],
        },
      },
    ])
    expect(routes.route(orders, signal)).toBe(broker.route_)
    expect(broker.routed).toEqual(['orders'])
  })

  it('happens before anything is published', async () => {
    const order: string[] = []
    const { broker, publisher } = publishing({ partitions: 8 })
    const provision = broker.provision.bind(broker)
    broker.provision = async (...given) => {
      const report = await provision(...given)
      order.push('provisioned')
      return report
    }
    const send = broker.send.bind(broker)
    broker.send = (batch) => {
      order.push('sent')
      send(batch)
    }
    await Promise.all(['a', 'a', 'b'].map(async (k) => publisher.publish(orders, { k })))
    expect(order[0]).toBe('provisioned')
    expect(order.filter((step) => step === 'provisioned')).toHaveLength(1)
  })

  it('checks in mode "verify", asks nothing in mode "none", and does what the adapter can', async () => {
    for (const [topology, provisioning, mode] of [
      ['verify', 'declare', 'verify'],
      ['declare', 'verify', 'verify'],
      ['none', 'declare', undefined],
      ['declare', 'none', undefined],
    ] as const) {
      const { broker, routes } = table({ topology, provisioning })
      await routes.route(plain, signal)
      expect(broker.provisioned.map((each) => each.mode)).toEqual(mode === undefined ? [] : [mode])
    }
  })

  it.each([
    ['missing', 'UNKNOWN_TOPIC', /queue orders.billing does not exist/],
    ['differs', 'TOPOLOGY_MISMATCH', /queue orders.billing: wanted quorum, found classic/],
  ] as const)('rejects what is %s', async (state, code, text) => {
    const { broker, routes } = table({ topology: 'verify' })
    broker.items = [{ entity: 'queue orders.billing', state, wanted: 'quorum', found: 'classic' }]
    const error = (await Promise.resolve(routes.route(orders, signal)).catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ code, topic: 'orders' })
    expect(error.message).toMatch(text)
    broker.items = []
    expect(await routes.route(orders, signal)).toBe(broker.route_)
  })

  it('rejects another partition count than the broker has, before the first publish', async () => {
    const { broker, publisher } = publishing({ partitions: 4 })
    const error = await publisher.publish(orders, { k: 'a' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'TOPOLOGY_MISMATCH', topic: 'orders', field: 'partitions' })
    expect((error as Error).message).toMatch(/wanted 8 partitions, found 4/)
    expect(broker.batches).toEqual([])
  })

  it('rejects two topics of one name that contradict each other, and only those', async () => {
    const { broker, routes } = table()
    await routes.route(orders, signal)
    const agreeing = defineTopic('orders', { schema, key })
    expect(await routes.route(agreeing, signal)).toBe(broker.route_)
    for (const other of [defineTopic('orders', { schema }), defineTopic('orders', { schema, key, partitions: 4 })]) {
      await expect(routes.route(other, signal)).rejects.toMatchObject({ code: 'NAME_COLLISION', topic: 'orders' })
      await expect(routes.ensureGroups(other, [], signal)).rejects.toMatchObject({ code: 'NAME_COLLISION' })
    }
  })

  it('creates groups that another value of the topic names, before its messages', async () => {
    const { broker, publisher } = publishing({ partitions: 8 })
    await publisher.publish(orders, { k: 'a' })
    const more = defineTopic('orders', { schema, key, groups: ['audit'] })
    await Promise.all([
      publisher.publish(more, { k: 'a' }, { id: 'm1' }),
      publisher.publish(orders, { k: 'a' }, { id: 'm2' }),
    ])
    const names = broker.provisioned.map(({ topology }) => topology.topics[0]?.groups.map(({ name }) => name))
    expect(names).toEqual([['billing', 'mail'], ['audit']])
    expect(broker.firsts().slice(1)).toEqual(['m1', 'm2'])
  })
})

describe('groups of subscriptions', () => {
  const spec = (name: string, order: 'key' | 'none' = 'key'): GroupSpec => ({
    name,
    order,
    from: 'creation',
    durableDelays: true,
  })

  it('are created with their own properties, and those that the topic names beside them', async () => {
    const { broker, routes } = table()
    await routes.ensureGroups(orders, [spec('billing', 'none')], signal)
    const groups = broker.provisioned[0]?.topology.topics[0]?.groups
    expect(groups?.map(({ name, order }) => [name, order])).toEqual([
      ['mail', 'key'],
      ['billing', 'none'],
    ])
    await routes.ensureGroups(orders, [spec('billing', 'none')], signal)
    expect(routes.route(orders, signal)).toBe(broker.route_)
    expect(broker.provisioned).toHaveLength(1)
    await routes.ensureGroups(orders, [spec('billing', 'key')], signal)
    expect(broker.provisioned).toHaveLength(2)
  })

  it('do not suffer from the wrong wishes of others', async () => {
    const { broker, routes } = table()
    const bad = routes.ensureGroups(orders, [spec('bad')], signal)
    const good = routes.ensureGroups(orders, [spec('good')], signal)
    broker.failures.push(adapterError('TOPOLOGY_MISMATCH', 'group bad differs'))
    await expect(bad).rejects.toMatchObject({ code: 'TOPOLOGY_MISMATCH' })
    expect(await good).toBe(broker.route_)
  })
})

describe('troubles', () => {
  it('that pass are tried again, with pauses, and end with the caller', async () => {
    const { broker, routes, clock } = table()
    broker.failures.push(passing(), passing(), passing())
    const route = routes.route(plain, signal)
    await clock.advance(0)
    expect(routes.trouble('plain')).toMatchObject({ code: 'DISCONNECTED' })
    await clock.advance(5_000)
    expect(await route).toBe(broker.route_)
    expect(routes.trouble('plain')).toBeUndefined()
    expect(clock.pending).toBe(0)
  })

  it('show in the TIMEOUT of a publish, and nothing goes on behind it', async () => {
    const clock = createSimulatedClock()
    const { broker, publisher } = publishing({ clock })
    broker.failures.push(...Array.from({ length: 1_000 }, passing))
    const error = publisher.publish(plain, { k: 'a' }, { timeoutMs: 3_000 }).catch((thrown: unknown) => thrown)
    await clock.advance(3_000)
    expect(await error).toMatchObject({ code: 'TIMEOUT', topic: 'plain', cause: { code: 'DISCONNECTED' } })
    const left = broker.failures.length
    expect(left).toBeLessThan(1_000)
    await clock.advance(60_000)
    expect(broker.failures).toHaveLength(left)
    expect(clock.pending).toBe(0)
  })

  it('that do not pass reject at once, naming the topic, and are not remembered', async () => {
    const { broker, publisher } = publishing()
    broker.failures.push(adapterError('DENIED', 'no permission'))
    const both = await Promise.allSettled(['m1', 'm2'].map(async (id) => publisher.publish(plain, { k: 'a' }, { id })))
    expect(both).toMatchObject([
      { reason: { code: 'DENIED', topic: 'plain' } },
      { reason: { code: 'DENIED', topic: 'plain' } },
    ])
    await publisher.publish(plain, { k: 'a' })
  })

  it('give an aborted caller the last trouble or its own reason', async () => {
    const { broker, routes, clock } = table()
    broker.failures.push(...Array.from({ length: 100 }, passing))
    const abort = new AbortController()
    const route = Promise.resolve(routes.route(plain, abort.signal)).catch((thrown: unknown) => thrown)
    const other = routes.ensureGroups(plain, [], signal)
    await clock.advance(100)
    abort.abort()
    expect(await route).toMatchObject({ code: 'DISCONNECTED' })
    broker.failures.length = 0
    await clock.advance(2_000)
    expect(await other).toBe(broker.route_)
    expect(clock.pending).toBe(0)
  })

  it('of an unexpected kind are INTERNAL, with the cause', async () => {
    const { broker, routes } = table()
    broker.failures.push(new RangeError('oops'))
    await expect(routes.route(plain, signal)).rejects.toMatchObject({ code: 'INTERNAL', cause: { name: 'RangeError' } })
  })
})

describe('a changed route', () => {
  it('is asked again; what is out comes home first, and the order of a key is kept', async () => {
    const clock = createSimulatedClock()
    const reports: (() => void)[] = []
    const topic = defineTopic('moving', { schema, key })
    const outstanding = { batches: 1, messages: 5, bytes: 1 << 20 }
    const { broker, publisher } = publishing({
      clock,
      partitions: 2,
      outstanding,
      deliver: (given) => reports.push(...given),
    })
    const all: Promise<unknown>[] = []
    const keys = ['a', 'b', 'c', 'd']
    const publish = (n: number): void => {
      all.push(publisher.publish(topic, { k: keys[n % 4] ?? '' }, { id: `m${n}` }))
    }
    for (let n = 0; n < 40; n += 1) publish(n)
    await clock.advance(0)
    const before = broker.log.length
    expect(before).toBeGreaterThan(0)
    broker.route_ = { ...broker.route_, partitions: 16 }
    publisher.routeChanged('moving')
    for (let n = 40; n < 50; n += 1) publish(n)
    await clock.advance(1_000)
    expect(broker.log).toHaveLength(before)
    while (reports.length > 0) {
      for (const report of reports.splice(0)) report()
      await clock.advance(10)
    }
    await Promise.all(all)
    expect(broker.violations).toEqual([])
    expect(broker.log).toHaveLength(50)
    for (const k of keys) {
      const ids = broker.log
        .filter(({ envelope }) => Buffer.from(envelope.key ?? []).toString() === k)
        .map((s) => s.envelope.id)
      expect(ids).toEqual([...ids].toSorted((x, y) => Number(x.slice(1)) - Number(y.slice(1))))
    }
    expect(new Set(broker.log.slice(before).map(({ partition }) => partition)).size).toBeGreaterThan(2)
  })

  it('that comes while it is asked is asked again', async () => {
    const { broker, routes } = table()
    const route = routes.route(plain, signal)
    routes.invalidate('plain')
    await route
    expect(broker.routed).toEqual(['plain', 'plain'])
  })
})
