import { describe, expect, it } from 'vitest'
import { provision } from '../../src/admin/provision.js'
import { createMemoryBroker, memory } from '../../src/memory/index.js'
import { silentLogger } from '../../src/model/logger.js'
import { systemClock } from '../../src/model/clock.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import type { Adapter } from '../../src/spi/adapter.js'
import { adapterError } from '../../src/spi/adapter-error.js'
import type { Capabilities } from '../../src/spi/capabilities.js'
import type { ProvisionMode, Topology, TopologyReport } from '../../src/spi/topology.js'

const schema = unchecked<{ id: string }>()
const orders = defineTopic('orders', { schema, key: (o) => o.id, partitions: 4, groups: ['billing'] })
const mails = defineTopic('mails', { schema })
const signal = new AbortController().signal

const able = { keyedOrder: true, replay: false, durableDelay: true, provisioning: 'declare' } as Capabilities

/** An adapter that answers as it is told and remembers what it was asked. */
function fake(
  report: TopologyReport | Error = { items: [] },
  capabilities: Partial<Capabilities> = {},
): { adapter: Adapter; asked: [Topology, ProvisionMode][] } {
  const asked: [Topology, ProvisionMode][] = []
  const adapter = {
    name: 'fake',
    capabilities: { ...able, ...capabilities },
    provision: (topology: Topology, mode: ProvisionMode) => {
      asked.push([topology, mode])
      return report instanceof Error ? Promise.reject(report) : Promise.resolve(report)
    },
  } as unknown as Adapter
  return { adapter, asked }
}

async function expectRefusal(
  targets: unknown,
  expected: object,
  capabilities: Partial<Capabilities> = {},
): Promise<void> {
  const { adapter, asked } = fake({ items: [] }, capabilities)
  await expect(provision(adapter, targets as never, 'declare', signal)).rejects.toMatchObject(expected)
  expect(asked).toEqual([])
}

describe('provision: what is asked for', () => {
  it('joins the groups of a topic with those that are listed', async () => {
    const { adapter, asked } = fake()
    const targets = [orders, { topic: orders, groups: ['mail', { name: 'audit', order: 'none' as const }] }, mails]
    await provision(adapter, targets, 'verify', signal)
    const group = (name: string, order: string): object => ({
      name,
      order,
      from: 'creation',
      durableDelays: order === 'none',
    })
    expect(asked).toEqual([
      [
        {
          topics: [
            {
              name: 'orders',
              keyed: true,
              partitions: 4,
              groups: [group('mail', 'key'), group('audit', 'none'), group('billing', 'key')],
            },
            { name: 'mails', keyed: false, partitions: undefined, groups: [] },
          ],
        },
        'verify',
      ],
    ])
  })

  it('lets the list say more about a group that the topic only names', async () => {
    const { adapter, asked } = fake()
    await provision(
      adapter,
      [orders, { topic: orders, groups: [{ name: 'billing', order: 'none' }] }],
      'declare',
      signal,
    )
    expect(asked[0]?.[0].topics[0]?.groups).toEqual([
      { name: 'billing', order: 'none', from: 'creation', durableDelays: true },
    ])
  })

  it('asks for no durable delays where there are none', async () => {
    const { adapter, asked } = fake({ items: [] }, { durableDelay: false })
    await provision(adapter, [{ topic: mails, groups: ['x'] }], 'declare', signal)
    expect(asked[0]?.[0].topics[0]?.groups).toMatchObject([{ name: 'x', order: 'none', durableDelays: false }])
  })

  it('takes two values of one topic that agree, with the partitions that one of them names', async () => {
    const { adapter, asked } = fake()
    await provision(adapter, [defineTopic('orders', { schema, key: (o) => o.id }), orders], 'declare', signal)
    expect(asked[0]?.[0].topics).toMatchObject([{ name: 'orders', partitions: 4 }])
  })

  it('refuses what contradicts itself, before any I/O', async () => {
    const keyless = defineTopic('orders', { schema })
    await expectRefusal([orders, keyless], { code: 'NAME_COLLISION', topic: 'orders' })
    const eight = defineTopic('orders', { schema, key: (o) => o.id, partitions: 8 })
    await expectRefusal([orders, eight], { code: 'NAME_COLLISION', message: expect.stringMatching(/wants 4 .* 8/) })
    const groups = ['mail', { name: 'mail', order: 'none' }]
    await expectRefusal([{ topic: orders, groups }], { code: 'NAME_COLLISION', group: 'mail' })
  })

  it('refuses wrong names and options, naming the place', async () => {
    await expectRefusal([{ topic: orders, groups: ['a.b'] }], { code: 'INVALID_NAME', field: 'topics[0].groups[0]' })
    await expectRefusal([{ topic: orders, groups: [{ name: 'a', orders: 'key' }] }], { code: 'UNKNOWN_OPTION' })
    await expectRefusal([{ topic: orders, group: [] }], { code: 'UNKNOWN_OPTION' })
    await expectRefusal([{ topic: mails, groups: [{ name: 'a', order: 'key' }] }], {
      field: 'topics[0].groups[0].order',
    })
    await expectRefusal([mails, 'orders'], { code: 'INVALID_OPTION', field: 'topics[1]' })
    await expectRefusal([mails, null], { code: 'INVALID_OPTION', field: 'topics[1]' })
    await expectRefusal([{ topic: mails, groups: [7] }], { code: 'INVALID_OPTION' })
    await expectRefusal('orders', { code: 'INVALID_OPTION', field: 'topics' })
  })

  it('refuses what the adapter cannot do', async () => {
    const earliest = { topic: mails, groups: [{ name: 'a', from: 'earliest' }] }
    await expectRefusal([earliest], { code: 'UNSUPPORTED', message: expect.stringContaining('replay') })
    await expectRefusal(
      [orders],
      { code: 'UNSUPPORTED', message: expect.stringContaining('keyedOrder') },
      { keyedOrder: false },
    )
  })

  it.each([
    ['declare', ['declare', 'verify', 'plan']],
    ['verify', ['verify', 'plan']],
    ['none', []],
  ] as const)('with provisioning "%s" does %j and refuses the others', async (provisioning, allowed) => {
    for (const mode of ['declare', 'verify', 'plan'] as const) {
      const { adapter, asked } = fake({ items: [] }, { provisioning })
      const done = provision(adapter, [mails], mode, signal)
      if (allowed.some((one) => one === mode)) {
        await expect(done).resolves.toEqual({ items: [] })
        expect(asked).toHaveLength(1)
      } else {
        await expect(done).rejects.toMatchObject({ code: 'UNSUPPORTED', field: 'mode' })
        expect(asked).toEqual([])
      }
    }
  })

  it('refuses an unknown mode', async () => {
    await expect(provision(fake().adapter, [], 'create' as never, signal)).rejects.toMatchObject({ field: 'mode' })
  })
})

describe('provision: what was found', () => {
  const report: TopologyReport = {
    items: [
      { entity: 'topic orders', state: 'differs', wanted: '4 partitions', found: '8 partitions' },
      { entity: 'group orders.mail', state: 'missing', wanted: 'order key' },
      { entity: 'group orders.audit', state: 'unknown' },
      { entity: 'group orders.billing', state: 'present' },
    ],
  }

  it.each(['verify', 'declare'] as const)('rejects in mode %s with everything that is wrong', async (mode) => {
    await expect(provision(fake(report).adapter, [orders], mode, signal)).rejects.toMatchObject({
      code: 'TOPOLOGY_MISMATCH',
      topic: 'orders',
      message: expect.stringContaining(
        'topic orders: wanted 4 partitions, found 8 partitions; group orders.mail: wanted order key, found nothing',
      ),
      issues: [
        { path: 'topic orders', message: 'wanted 4 partitions, found 8 partitions' },
        { path: 'group orders.mail', message: 'wanted order key, found nothing' },
      ],
    })
  })

  it('never rejects for differences in mode plan', async () => {
    await expect(provision(fake(report).adapter, [orders], 'plan', signal)).resolves.toEqual(report)
  })

  it('passes the errors of the adapter on with their code', async () => {
    const denied = adapterError('DENIED', 'no permission to create topics')
    await expect(provision(fake(denied).adapter, [orders], 'declare', signal)).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'DENIED',
      topic: 'orders',
    })
  })

  it('creates, plans and checks on the memory adapter', async () => {
    const adapter = memory({ broker: createMemoryBroker() })
    const context = {
      clientName: 't',
      clock: systemClock,
      log: silentLogger,
      state: () => undefined,
      routeChanged: () => undefined,
    }
    await adapter.open(context, signal)
    const states = async (mode: ProvisionMode, topic = orders): Promise<string[]> =>
      (await provision(adapter, [topic], mode, signal)).items.map((item) => item.state)
    expect(await states('plan')).toEqual(['missing', 'missing'])
    await expect(states('verify')).rejects.toMatchObject({ code: 'TOPOLOGY_MISMATCH' })
    expect(await states('declare')).toEqual(['created', 'created'])
    expect(await states('verify')).toEqual(['present', 'present'])
    const other = defineTopic('orders', { schema, key: (o) => o.id, partitions: 8 })
    await expect(states('declare', other)).rejects.toMatchObject({ code: 'TOPOLOGY_MISMATCH' })
    expect(await states('plan', other)).toEqual(['differs'])
    await adapter.close(signal)
  })
})
