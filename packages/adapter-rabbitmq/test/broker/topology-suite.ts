import type { Rabbit } from '@sluice/brokers'
import type { GroupSpec, TopicSpec, TopologyItem, TopologyReport } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { freshName, openLinks, soon } from './real-broker.js'
import { free, keyed, ordered, plain, states, topologyOn, window } from './topology-on.js'

/** RabbitMQ has 255 bytes for the text of an error, the names in it included. */
export const longVhost = 'v'.repeat(120)

export function topologySuite(rabbit: () => Rabbit): void {
  describe('topology at a broker', () => {
    it('makes what is missing, finds it again, and only looks when it is told to', async () => {
      const { consume } = await openLinks(rabbit())
      const { topology, provision } = topologyOn(consume)
      const name = freshName()
      const spec = keyed(name, 4, ordered('billing'), free('audit'))
      const missing = ['missing', 'missing', 'missing']
      expect(states(await provision('plan', spec))).toEqual(missing)
      expect(states(await provision('verify', spec))).toEqual(missing)
      expect((await rabbit().queues()).filter((queue) => queue.name.startsWith(name))).toEqual([])
      expect(states(await provision('declare', spec))).toEqual(['created', 'created', 'created'])
      const present = ['present', 'present', 'present']
      for (const mode of ['plan', 'verify', 'declare'] as const)
        expect(states(await provision(mode, spec))).toEqual(present)

      const queue = await rabbit().queue(`${name}.billing:3`)
      expect(queue).toMatchObject({
        type: 'quorum',
        durable: true,
        arguments: {
          'x-delivery-limit': 2_147_483_647,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': `${name}.billing.dlq`,
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
          'x-single-active-consumer': true,
        },
      })
      const bindings = (await rabbit().bindings()).filter(({ source }) => source === name)
      const wanted = ['audit', 'billing'].flatMap((group) =>
        [0, 1, 2, 3].map((p) => [`${name}.${group}:${p}`, String(p)]),
      )
      expect(bindings.map(({ destination, routingKey }) => [destination, routingKey]).sort()).toEqual(wanted)
      expect(await topology.route(name, soon())).toEqual({
        partitions: 4,
        maxMessageBytes: 16 * 1024 * 1024,
        outstanding: { batches: 1_024, messages: 2 * window.messages, bytes: 2 * window.bytes },
      })
      expect(topology.isPartitioned(name)).toBe(true)
    })

    it('gives a topic without keys one queue for each group', async () => {
      const { consume } = await openLinks(rabbit())
      const { topology, provision } = topologyOn(consume)
      const name = freshName()
      expect(states(await provision('declare', plain(name, free('mail'))))).toEqual(['created', 'created'])
      const own = (await rabbit().queues()).filter((queue) => queue.name.startsWith(`${name}.`))
      expect(own.map((queue) => queue.name).sort()).toEqual([`${name}.mail`, `${name}.mail.dlq`])
      expect(own.every((queue) => !('x-single-active-consumer' in queue.arguments))).toBe(true)
      expect((await topology.route(name, soon())).partitions).toBe(1)
      expect(topology.isPartitioned(name)).toBe(false)
      // Another process, that has declared nothing.
      expect((await topologyOn(consume).topology.route(name, soon())).partitions).toBe(1)
    })

    it('rejects a route to what does not exist', async () => {
      const { consume } = await openLinks(rabbit())
      const { topology, provision } = topologyOn(consume)
      await expect(topology.route(freshName(), soon())).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC', scope: 'topic' })
      const name = freshName()
      await provision('declare', keyed(name, 2))
      await consume.onChannel((channel) => channel.deleteExchange(name), soon())
      await expect(topology.route(name, soon())).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' })
      expect(states(await provision('verify', keyed(name, 2)))).toEqual(['missing'])
      expect(states(await provision('declare', keyed(name)))).toEqual(['created'])
      expect((await topology.route(name, soon())).partitions).toBe(2)
    })

    it('reports another shape of a topic, and leaves it and its groups alone', async () => {
      const { consume } = await openLinks(rabbit())
      const { provision } = topologyOn(consume)
      const name = freshName()
      await provision('declare', keyed(name, 4, ordered('billing')))
      const others: readonly (readonly [TopicSpec, string])[] = [
        [keyed(name, 8, ordered('new')), '8 partitions with keys'],
        [keyed(name, 1, ordered('new')), '1 partition with keys'],
        [plain(name, free('new')), '4 partitions without keys'],
      ]
      for (const [spec, wanted] of others) {
        for (const mode of ['plan', 'verify', 'declare'] as const) {
          // As a process that has not seen the topic yet, and as one that has.
          for (const side of [topologyOn(consume), { provision }]) {
            expect((await side.provision(mode, spec)).items).toEqual([
              { entity: `topic ${name}`, state: 'differs', wanted, found: '4 partitions with keys' },
              { entity: `group ${name}.new`, state: 'missing', wanted: `order ${spec.groups[0]?.order}` },
            ])
          }
        }
      }
      expect(states(await provision('declare', keyed(name, undefined, ordered('new'))))).toEqual(['present', 'created'])
    })

    it('reports queues and exchanges that somebody has made otherwise, one by one', async () => {
      const { consume } = await openLinks(rabbit())
      const { provision } = topologyOn(consume)
      const name = freshName()
      const make = (queue: string, args: Record<string, string | number>, durable = true): Promise<unknown> =>
        consume.onChannel((channel) => channel.declareQueue(queue, { durable, arguments: args }), soon())
      await make(`${name}.billing:1`, { 'x-queue-type': 'classic' })
      await make(`${name}.audit:0`, {}, false)
      await make(`${name}.mail.dlq`, { 'x-queue-type': 'quorum', 'x-delivery-limit': 20 })
      const spec = keyed(name, 2, ordered('billing'), ordered('audit'), ordered('mail'))
      await provision('declare', spec)
      expect((await provision('verify', spec)).items).toEqual([
        expect.objectContaining({ entity: `topic ${name}`, state: 'present' }),
        expect.objectContaining({ entity: `queue ${name}.billing:1`, state: 'differs' }),
        { entity: `queue ${name}.audit:0`, state: 'differs', wanted: 'durable "true"', found: 'durable "false"' },
        {
          entity: `queue ${name}.mail.dlq`,
          state: 'differs',
          wanted: 'x-delivery-limit "2147483647"',
          found: 'x-delivery-limit "20"',
        },
      ])
      expect((await rabbit().queue(`${name}.billing:1`))?.type).toBe('classic')

      const taken = freshName()
      await consume.onChannel((channel) => channel.declareExchange(taken, 'fanout'), soon())
      expect((await provision('declare', keyed(taken, 2, ordered('billing')))).items).toEqual([
        { entity: `exchange ${taken}`, state: 'differs', wanted: 'type "direct"', found: 'type "fanout"' },
        expect.objectContaining({ state: 'missing' }),
      ])
      const marked = freshName()
      await make(`${marked}:partitions`, { 'x-queue-type': 'classic' })
      await expect(provision('declare', keyed(marked, 2))).rejects.toMatchObject({ code: 'TOPOLOGY_MISMATCH' })
    })

    it('lets one of two win that make a topic with different shapes at once', async () => {
      const sides = await Promise.all([openLinks(rabbit()), openLinks(rabbit()), openLinks(rabbit())])
      for (let round = 0; round < 8; round += 1) {
        const name = freshName()
        const counts = [2, 3, 4]
        const reports = await Promise.all(
          sides.map(({ consume }, index) =>
            topologyOn(consume).provision('declare', keyed(name, counts[index], ordered('billing'))),
          ),
        )
        const winners = reports.filter((report) => states(report).join() === 'created,created')
        const losers = reports.filter((report) => states(report)[0] === 'differs')
        expect([winners.length, losers.length]).toEqual([1, 2])
        const count = counts[reports.indexOf(winners[0] as TopologyReport)]
        expect(losers.map(({ items }) => items[0]?.found)).toEqual(Array(2).fill(`${count} partitions with keys`))
        const queues = (await rabbit().queues()).filter((queue) => queue.name.startsWith(`${name}.billing:`))
        expect(queues.length).toBe(count)
      }
    })

    it('is completed by the next try when the connection breaks in the middle', async () => {
      const { consume } = await openLinks(rabbit())
      const { provision } = topologyOn(consume)
      let broken = 0
      for (const waitMs of [5, 15, 30, 60, 90]) {
        const name = freshName()
        const spec = keyed(name, 16, ordered('billing'))
        const cut = setTimeout(() => consume.drop('in the middle'), waitMs)
        await provision('declare', spec).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'DISCONNECTED', retryable: true })
          broken += 1
        })
        clearTimeout(cut)
        await provision('declare', spec)
        expect(states(await provision('verify', spec))).toEqual(['present', 'present'])
        const bindings = (await rabbit().bindings()).filter(({ source }) => source === name)
        expect(bindings.length).toBe(16)
      }
      expect(broken).toBeGreaterThan(0)
    })

    it('knows the shape of a topic whose names leave no room to tell it', async () => {
      const { consume } = await openLinks(rabbit(), { vhost: longVhost })
      const name = freshName('x'.repeat(80)).padEnd(100, 'y')
      await topologyOn(consume).provision('declare', keyed(name, 11, ordered('g'.repeat(100))))
      const other = topologyOn(consume)
      expect((await other.topology.route(name, soon())).partitions).toBe(11)
      const wrong = await topologyOn(consume).provision('verify', plain(name))
      expect(wrong.items[0]).toMatchObject({ state: 'differs', found: '11 partitions with keys' })
      const simple = `${name.slice(0, 99)}z`
      await topologyOn(consume).provision('declare', plain(simple))
      expect((await topologyOn(consume).topology.route(simple, soon())).partitions).toBe(1)
    })

    it('uses existing exchanges and queues as they are', async () => {
      const { consume } = await openLinks(rabbit())
      const [exchange, queue, topic] = [freshName('legacy'), freshName('legacy'), freshName()]
      const existing = { [topic]: { exchange, routingKey: 'created', groups: { billing: { queue } } } }
      const { topology, provision } = topologyOn(consume, existing)
      const spec = keyed(topic, undefined, ordered('billing'), ordered('own'), free('shared'))
      const missing = ['missing', 'missing', 'missing', 'missing']
      for (const mode of ['plan', 'declare'] as const) expect(states(await provision(mode, spec))).toEqual(missing)
      await expect(topology.route(topic, soon())).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' })

      await consume.onChannel(async (channel) => {
        await channel.declareExchange(exchange, 'topic')
        await channel.declareQueue(queue, { durable: true, arguments: { 'x-queue-type': 'classic' } })
      }, soon())
      // Its dead letters and the other groups are Sluice's own.
      expect(states(await provision('declare', spec))).toEqual(['present', 'created', 'created', 'created'])
      expect(states(await provision('verify', spec))).toEqual(['present', 'present', 'present', 'present'])
      expect((await topology.route(topic, soon())).partitions).toBe(1)
      const bindings = (await rabbit().bindings()).filter(({ source }) => source === exchange)
      expect(bindings.map(({ destination, routingKey }) => [destination, routingKey]).sort()).toEqual([
        [`${topic}.own`, 'created'],
        [`${topic}.shared`, 'created'],
      ])
      expect((await rabbit().queue(queue))?.arguments).toEqual({ 'x-queue-type': 'classic' })
      expect((await rabbit().queue(`${topic}.own`))?.arguments['x-single-active-consumer']).toBe(true)
      // Who asks for no order takes a queue that keeps it; the other way round is a difference.
      const verify = async (...groups: GroupSpec[]): Promise<TopologyItem['state'][]> =>
        states(await provision('verify', keyed(topic, undefined, ...groups)))
      expect(await verify(free('own'), ordered('shared'))).toEqual(['present', 'present', 'differs'])
      expect((await provision('plan', keyed(topic, 4))).items).toEqual([
        expect.objectContaining({ state: 'differs', wanted: '4 partitions' }),
      ])
    })

    it('makes a deleted queue of a group again, with its bindings', async () => {
      const { consume } = await openLinks(rabbit())
      const { topology, provision } = topologyOn(consume)
      const name = freshName()
      await provision('declare', keyed(name, 2, ordered('billing')))
      await rabbit().deleteQueue(`${name}.billing:1`)
      const items = await topology.declareGroup(name, ordered('billing'), soon())
      expect(items).toEqual([{ entity: `group ${name}.billing`, state: 'created', wanted: 'order key' }])
      const bound = (await rabbit().bindings()).filter(({ destination }) => destination === `${name}.billing:1`)
      expect(bound.map(({ routingKey }) => routingKey)).toEqual(['1'])
      await expect(topology.declareGroup(freshName(), ordered('billing'), soon())).rejects.toMatchObject({
        code: 'UNKNOWN_TOPIC',
      })
    })

    it('refuses a group that wants to start at the earliest message, before anything is made', async () => {
      const { consume } = await openLinks(rabbit())
      const { provision } = topologyOn(consume)
      const name = freshName()
      const spec = keyed(name, 2, { ...ordered('billing'), from: 'earliest' })
      await expect(provision('declare', spec)).rejects.toMatchObject({ code: 'UNSUPPORTED', scope: 'group' })
      expect(states(await provision('plan', keyed(name, 2)))).toEqual(['missing'])
    })

    it('says what it may not see when the user has no right to configure', async () => {
      const { consume } = await openLinks(rabbit())
      const name = freshName()
      const spec = keyed(name, 2, ordered('billing'))
      await topologyOn(consume).provision('declare', spec)
      await rabbit().evaluate(
        '[ok = rabbit_auth_backend_internal:set_permissions(<<"reader">>, <<"/">>, <<".*:partitions$">>, <<".*">>, <<".*">>, <<"test">>)]',
      )
      const { consume: narrow } = await openLinks(rabbit(), { username: 'reader', password: 'secret' })
      const { provision } = topologyOn(narrow)
      expect((await provision('verify', spec)).items).toEqual([
        expect.objectContaining({ entity: `topic ${name}`, state: 'unknown' }),
        expect.objectContaining({ entity: `group ${name}.billing`, state: 'unknown' }),
      ])
      await expect(provision('declare', keyed(freshName(), 2))).rejects.toMatchObject({ code: 'DENIED' })
    })
  })
}
