import type { Rabbit } from '@sluice/brokers'
import { describe, expect, it } from 'vitest'
import { DelayQueues } from '../../src/delay-queues.js'
import { delayAddress, delayTickMs } from '../../src/delays.js'
import type { Link } from '../../src/link.js'
import { delayName, undeliveredName } from '../../src/names.js'
import { watchRunTime } from '../run-time.js'
import { freshName, openLinks, publishAll, soon } from './real-broker.js'
import { free, plain, states, topologyOn } from './topology-on.js'

export function delayQueuesSuite(rabbit: () => Rabbit): void {
  describe('delayed messages at a broker', () => {
    async function groupWithDelays(link: Link): Promise<string> {
      const topic = freshName()
      await topologyOn(link).provision('declare', plain(topic, free('mail', true)))
      return `${topic}.mail`
    }

    async function publish(link: Link, queue: string, delayMs: number, ids: readonly string[]): Promise<void> {
      const to = delayAddress(queue, delayMs)
      if (to === undefined) throw new Error('no address')
      await publishAll(link, to, ids)
    }

    /** When each message came, settled at once. */
    async function arrivals(link: Link, queue: string): Promise<Map<string, number[]>> {
      const { connection } = await link.whenUp(soon())
      const channel = await connection.openChannel({ closed: () => undefined })
      const seen = new Map<string, number[]>()
      await channel.prefetch(500)
      const delivered = ({
        tag,
        properties,
      }: {
        tag: number
        properties: { messageId?: string | undefined }
      }): void => {
        const id = properties.messageId ?? ''
        seen.set(id, [...(seen.get(id) ?? []), performance.now()])
        channel.ack(tag, false)
      }
      await channel.consume(queue, { noAck: false }, { delivered, cancelled: () => undefined })
      return seen
    }

    it('are made with the first group that wants them, and found again', async () => {
      const { consume } = await openLinks(rabbit())
      const { provision } = topologyOn(consume)
      const spec = plain(freshName(), free('mail', true))
      expect(states(await provision('plan', spec))).toEqual(['missing', 'missing'])
      expect((await rabbit().queues()).filter(({ name }) => name.startsWith('sluice.'))).toEqual([])
      expect(states(await provision('declare', spec))).toEqual(['created', 'created'])
      for (const side of [{ provision }, topologyOn(consume)]) {
        expect(states(await side.provision('verify', spec))).toEqual(['present', 'present'])
      }
      expect((await rabbit().queue(delayName(24)))?.arguments).toEqual({
        'x-queue-type': 'quorum',
        'x-message-ttl': delayTickMs * 2 ** 24,
        'x-dead-letter-exchange': delayName(23),
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
      })
    })

    it('come late by little, never early, each to its own queue, and a long one holds up no short one', async () => {
      const { consume, publish: link } = await openLinks(rabbit())
      const [queue, other] = [await groupWithDelays(consume), await groupWithDelays(consume)]
      const [seen, others] = [await arrivals(consume, queue), await arrivals(consume, other)]
      const [ranMs, sinceMs] = [watchRunTime(), performance.now()]
      const sent = new Map<string, { readonly atMs: number; readonly delayMs: number }>()
      for (const delayMs of [3_700, 2_000, 1_000, 750, 500, 100]) {
        for (let index = 0; index < 10; index += 1) {
          const id = `${delayMs}-${index}`
          sent.set(id, { atMs: performance.now(), delayMs })
          await publish(link, queue, delayMs, [id])
        }
      }
      await expect.poll(() => seen.size).toBe(sent.size)
      const late = [...sent].map(([id, { atMs, delayMs }]) => (seen.get(id)?.[0] ?? 0) - atMs - delayMs)
      expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
      const takenMs = performance.now() - sinceMs - ranMs()
      // Two ticks for the rounding; the rest is for a busy machine, which the broker runs on too.
      expect(Math.max(...late)).toBeLessThan(2 * delayTickMs + 1_500 + takenMs)
      expect(others.size).toBe(0)
    })

    it('of a deleted group hold up nobody, and are kept', async () => {
      const { consume, publish: link } = await openLinks(rabbit())
      const [queue, gone] = [await groupWithDelays(consume), await groupWithDelays(consume)]
      const seen = await arrivals(consume, queue)
      await rabbit().deleteQueue(gone)
      const ids = Array.from({ length: 200 }, (_, index) => String(index))
      await publish(link, gone, 400, ids)
      await publish(link, queue, 400, ids)
      await expect.poll(() => seen.size).toBe(200)
      await expect.poll(async () => (await rabbit().queue(undeliveredName))?.ready).toBe(200)
    })

    it('are told to be missing, or different, and only what is missing is made', async () => {
      const { consume } = await openLinks(rabbit())
      const { provision } = topologyOn(consume)
      const spec = plain(freshName(), free('mail', true))
      await provision('declare', spec)
      await rabbit().deleteQueue(delayName(20))
      const fresh = topologyOn(consume)
      const delays = 'delay queues sluice.delay.*'
      expect((await fresh.provision('verify', spec)).items.at(-1)).toEqual({ entity: delays, state: 'missing' })
      expect((await fresh.provision('declare', spec)).items.at(-1)).toEqual({ entity: delays, state: 'created' })
      expect(states(await topologyOn(consume).provision('verify', spec))).toEqual(['present', 'present'])
      const bound = (await rabbit().bindings()).filter(({ destination }) => destination === delayName(20))
      expect(bound.map(({ destinationType }) => destinationType).sort()).toEqual(['exchange', 'queue'])

      await rabbit().deleteQueue(delayName(21))
      // The broker would lose what waits there when it stops.
      const options = { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-message-ttl': delayTickMs * 2 ** 21 } }
      await consume.onChannel((channel) => channel.declareQueue(delayName(21), options), soon())
      const differs = (await topologyOn(consume).provision('declare', spec)).items.at(-1)
      expect(differs).toMatchObject({
        entity: delays,
        state: 'differs',
        found: expect.stringContaining('no x-') as string,
      })
      await rabbit().deleteQueue(delayName(21))
      expect(await new DelayQueues(consume).stand(true, soon())).toEqual({ state: 'created' })
    })

    it('survive a kill of the broker while they go from one queue to the next', async () => {
      const { consume, publish: link } = await openLinks(rabbit())
      const queue = await groupWithDelays(consume)
      await rabbit().saveDeclarations()
      const confirmed: string[] = []
      let count = 0
      const untilMs = performance.now() + 2_500
      while (performance.now() < untilMs) {
        const ids = Array.from({ length: 40 }, () => String((count += 1)))
        // One to fifteen ticks: hops happen all the time.
        await publish(link, queue, delayTickMs * (1 + ((count / 40) % 15)), ids)
        confirmed.push(...ids)
      }
      const last = ['last-1', 'last-2']
      await publish(link, queue, 3_000, last)
      await rabbit().node.kill()
      await rabbit().node.start()
      const seen = await arrivals((await openLinks(rabbit())).consume, queue)
      const missing = (): number => [...confirmed, ...last].filter((id) => !seen.has(id)).length
      await expect.poll(missing).toBe(0)
      expect(confirmed.length).toBeGreaterThan(500)
    })
  })
}
