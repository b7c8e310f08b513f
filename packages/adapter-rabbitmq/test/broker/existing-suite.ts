import { until, type Rabbit } from '@sluice/brokers'
import { createMessaging, defineTopic, unchecked } from '@sluice/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { rabbitmq } from '../../src/index.js'
import { freshName, openLinks, soon } from './real-broker.js'

export function existingSuite(rabbit: () => Rabbit): void {
  describe('existing exchanges and queues', () => {
    it('are published to and consumed by a user who may make nothing', async () => {
      const { consume } = await openLinks(rabbit())
      const [name, queue, letters] = [freshName('legacy'), freshName('legacy'), freshName('legacy')]
      await consume.onChannel(async (channel) => {
        await channel.declareExchange(name, 'direct')
        for (const one of [queue, letters])
          await channel.declareQueue(one, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
        await channel.bindQueue(queue, name, 'made')
      }, soon())
      // An exclusive queue of its own, by which a process is known, is all that it may configure.
      await rabbit().evaluate(
        '[ok = rabbit_auth_backend_internal:set_permissions(<<"reader">>, <<"/">>, <<"^(amq[.]gen.*|sluice[.].*)$">>, <<".*">>, <<".*">>, <<"test">>)]',
      )
      const { host, port } = rabbit().node
      const groups = { billing: { queue, deadLetterQueue: letters } }
      const messaging = await createMessaging({
        adapter: rabbitmq({
          url: `amqp://reader:secret@${host}:${port}`,
          existing: { orders: { exchange: name, routingKey: 'made', groups } },
        }),
      })
      onTestFinished(async () => void (await messaging.close()))
      const topic = defineTopic('orders', { schema: unchecked<{ n: number }>() })
      const seen = new Set<number>()
      const handler = ({ payload }: { readonly payload: { readonly n: number } }): void => void seen.add(payload.n)
      // Delays would need queues of Sluice's own.
      await messaging.subscribe(topic, { group: 'billing', order: 'none' }, handler)
      await messaging.publish(topic, { n: 7 })
      await until('it to be handled', async () => seen.has(7))
      expect((await rabbit().queues()).some((one) => one.name.startsWith('orders'))).toBe(false)
    })
  })
}
