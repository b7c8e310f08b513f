import { binary, type Rabbit } from '@sluice/brokers'
import { systemClock } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { ClaimedQueue } from '../../src/claimed-queue.js'
import type { Delivery } from '../../src/delivery.js'
import { freshName, openLinks, publishAll, soon } from './real-broker.js'
import { free, keyed, ordered, plain, topologyOn } from './topology-on.js'

const count = 400

export function releaseSuite(rabbit: () => Rabbit): void {
  describe('a queue that is let go', () => {
    it.each([true, false])(
      'loses no acknowledgement, however slow it is to apply them (exclusive: %s)',
      async (exclusive) => {
        const { consume, publish } = await openLinks(rabbit())
        const name = freshName()
        const spec = exclusive ? keyed(name, 1, ordered('group')) : plain(name, free('group'))
        await topologyOn(consume).provision('declare', spec)
        const queueName = exclusive ? `${name}.group:0` : `${name}.group`
        const ids = Array.from({ length: count }, (_, index) => String(index))
        await publishAll(publish, { exchange: name, routingKey: '0' }, ids)

        const deliveries: Delivery[] = []
        const queue = new ClaimedQueue(
          {
            clock: systemClock,
            queue: queueName,
            partition: 0,
            exclusive,
            window: count,
            holdMs: Infinity,
            nextEpoch: () => 1,
            startsOf: () => Promise.resolve(),
          },
          {
            claimed: () => undefined,
            deliver: (_, more) => void deliveries.push(...more),
            broken: () => undefined,
          },
          await consume.whenUp(soon()),
          false,
        )
        await expect.poll(() => deliveries.length).toBe(count)

        const server = `binary_to_atom(${binary(`%2F_${queueName}`)}, utf8)`
        await rabbit().node.evaluate(`sys:suspend(${server})`)
        // The first one stays open, so each of the others is acknowledged by itself.
        for (const { settler, handle } of deliveries.slice(1)) settler.done(handle)
        const released = queue.release()
        await expect.poll(() => queue.unstored).toBe(0)
        await rabbit().node.evaluate(`sys:resume(${server})`)
        await released
        const waiting = async (): Promise<number> => {
          const { messages } = await consume.onChannel((channel) => channel.checkQueue(queueName), soon())
          return messages
        }
        await expect.poll(waiting).toBeGreaterThan(0)
        expect(await waiting()).toBe(1)
      },
    )
  })
}
