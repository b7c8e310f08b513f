import type { Rabbit } from '@sluice/brokers'
import type { Finding } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { inspectBroker } from '../../src/inspect.js'
import type { Link } from '../../src/link.js'
import { measureGroup } from '../../src/measure.js'
import { undeliveredName, type ExistingNames } from '../../src/names.js'
import type { WireValue } from '../../src/wire/port.js'
import { freshName, openLinks, publishAll, soon } from './real-broker.js'
import { free, keyed, ordered, plain, topologyOn } from './topology-on.js'

export function measureAndInspectSuite(rabbit: () => Rabbit): void {
  describe('what a broker tells of its groups', () => {
    const make = (link: Link, queue: string, args: Record<string, WireValue>, durable = true): Promise<unknown> =>
      link.onChannel((channel) => channel.declareQueue(queue, { durable, arguments: args }), soon())

    it('is how much waits in each partition, and among the dead letters', async () => {
      const { consume, publish } = await openLinks(rabbit())
      const parts = topologyOn(consume)
      const topic = freshName()
      await parts.provision('declare', keyed(topic, 3, ordered('billing')))
      const group = { topic, group: 'billing' }
      const nothing = { backlog: 0, unsettled: 0, oldestMs: undefined, deadLetters: 0 }
      expect(await measureGroup(parts, group, soon())).toMatchObject(nothing)
      await publishAll(publish, { exchange: topic, routingKey: '2' }, ['a', 'b', 'c'])
      await publishAll(publish, { exchange: topic, routingKey: '0' }, ['d'])
      await publishAll(publish, { exchange: '', routingKey: `${topic}.billing.dlq` }, ['e', 'f'])
      const partitions = [1, 0, 3].map((backlog, partition) => ({ partition, backlog }))
      const measure = { backlog: 4, unsettled: 0, oldestMs: undefined, deadLetters: 2, partitions }
      expect(await measureGroup(parts, group, soon())).toEqual(measure)

      const { connection } = await consume.whenUp(soon())
      const channel = await connection.openChannel({ closed: () => undefined })
      await new Promise<void>((resolve, reject) => {
        const events = { delivered: () => resolve(), cancelled: () => reject(new Error('cancelled')) }
        channel.prefetch(2).then(() => channel.consume(`${topic}.billing:2`, { noAck: false }, events), reject)
      })
      await expect
        .poll(() => measureGroup(parts, group, soon()))
        .toMatchObject({
          backlog: 2,
          unsettled: undefined,
          partitions: [{ backlog: 1 }, { backlog: 0 }, { backlog: 1 }],
        })
    })

    it('is nothing of what does not exist', async () => {
      const { consume } = await openLinks(rabbit())
      const parts = topologyOn(consume)
      const topic = freshName()
      const group = { topic, group: 'billing' }
      const unknown = { code: 'UNKNOWN_TOPIC', scope: 'group' }
      await expect(measureGroup(parts, group, soon())).rejects.toMatchObject(unknown)
      await parts.provision('declare', plain(topic, free('other')))
      await expect(measureGroup(parts, group, soon())).rejects.toMatchObject(unknown)
      await parts.provision('declare', plain(topic, free('billing')))
      await rabbit().deleteQueue(`${topic}.billing.dlq`)
      expect(await measureGroup(parts, group, soon())).toMatchObject({ backlog: 0, deadLetters: undefined })
    })

    it('is what kind of queues others have made, and what cannot be known', async () => {
      const { consume } = await openLinks(rabbit())
      const topic = freshName()
      const queueOf = (group: string): string => `legacy-${topic}-${group}`
      const groups = ['good', 'loaded', 'classic', 'bare', 'volatile', 'stream', 'missing']
      const existing: ExistingNames = {
        [topic]: { groups: Object.fromEntries(groups.map((group) => [group, { queue: queueOf(group) }])) },
      }
      await make(consume, queueOf('good'), { 'x-queue-type': 'quorum' })
      const loaded = { 'x-queue-type': 'quorum', 'x-max-length': 70_000, 'x-overflow': 'reject-publish' }
      await make(consume, queueOf('loaded'), {
        ...loaded,
        'x-single-active-consumer': true,
        'x-dead-letter-exchange': '',
      })
      await make(consume, queueOf('classic'), { 'x-queue-type': 'classic', 'x-max-length': 5, 'x-message-ttl': 60_000 })
      await make(consume, queueOf('bare'), {})
      await make(consume, queueOf('volatile'), {}, false)
      await make(consume, queueOf('stream'), { 'x-queue-type': 'stream' })
      const before = await rabbit().queues()
      const parts = topologyOn(consume, existing)
      const found = await inspectBroker(
        parts,
        { topics: [plain(topic, ...groups.map((group) => free(group)))] },
        soon(),
      )
      const told = (group: string): Finding[] => found.filter(({ entity }) => entity === `queue ${queueOf(group)}`)
      expect(
        groups.map((group) =>
          told(group)
            .map(({ id, level }) => `${id} ${level}`)
            .join(),
        ),
      ).toEqual([
        ...['', '', 'queue-type warning', 'queue-type warning', 'queue-durable error', 'queue-type warning', ''],
      ])
      const general = found.filter(({ entity }) => entity === 'broker').map(({ id, level }) => [id, level])
      expect(general).toEqual([
        ['server-version', 'warning'],
        ['replicas', 'unknown'],
        ['policies', 'unknown'],
      ])
      expect(found[0]?.found).toMatch(/^RabbitMQ \d/)
      expect((await rabbit().queues()).map(({ name }) => name)).toEqual(before.map(({ name }) => name))
    })

    it('is what differs of queues of our own, and what was never delivered', async () => {
      const { consume, publish } = await openLinks(rabbit())
      const parts = topologyOn(consume)
      const topic = freshName()
      const spec = plain(topic, free('mail', true))
      await parts.provision('declare', spec)
      const judged = async (): Promise<Finding[]> => {
        const found = await inspectBroker(topologyOn(consume), { topics: [spec] }, soon())
        return found.filter(({ entity }) => entity !== 'broker')
      }
      await rabbit().purge(undeliveredName)
      expect(await judged()).toEqual([])
      await publishAll(publish, { exchange: '', routingKey: undeliveredName }, ['a', 'b'])
      await rabbit().deleteQueue(`${topic}.mail`)
      await make(consume, `${topic}.mail`, { 'x-queue-type': 'quorum', 'x-delivery-limit': 20 })
      const findings = await judged()
      expect(findings.map(({ id, entity, level }) => [id, entity, level])).toEqual([
        ['queue-arguments', `queue ${topic}.mail`, 'error'],
        ['undelivered', `queue ${undeliveredName}`, 'warning'],
      ])
      expect(findings[1]?.found).toContain('2 delayed messages')
    })

    it('is unknown, never good, to who may see nothing', async () => {
      const { consume } = await openLinks(rabbit())
      const topic = freshName()
      const queue = `legacy-${topic}`
      await make(consume, queue, {}, false)
      await topologyOn(consume).provision('declare', plain(topic, free('own')))
      await rabbit().evaluate(
        '[ok = rabbit_auth_backend_internal:set_permissions(<<"reader">>, <<"/">>, <<".*:partitions$">>, <<".*">>, <<".*">>, <<"test">>)]',
      )
      const { consume: narrow } = await openLinks(rabbit(), { username: 'reader', password: 'secret' })
      const look = async (existing: ExistingNames, group: string): Promise<string[]> => {
        const topics = [plain(topic, free(group))]
        const found = await inspectBroker(topologyOn(narrow, existing), { topics }, soon())
        return found.filter(({ entity }) => entity !== 'broker').map(({ level, entity }) => `${level} ${entity}`)
      }
      expect(await look({ [topic]: { groups: { theirs: { queue } } } }, 'theirs')).toEqual([`unknown queue ${queue}`])
      expect(await look({}, 'own')).toEqual([`unknown queue ${topic}.own.dlq`, `unknown queue ${topic}.own`])
    })
  })
}
