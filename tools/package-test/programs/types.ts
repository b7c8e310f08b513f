/** What a TypeScript program of a user says; it is checked as an ES module and as CommonJS, and never run. */
import {
  connect,
  createMessaging,
  defineConfig,
  defineTopic,
  isSluiceError,
  perSecond,
  PermanentError,
  unchecked,
  type Delivery,
  type Messaging,
  type MessageOf,
  type Subscription,
} from '@sluice/core'
import { maskUrl, type AdapterFactory } from '@sluice/core/config'
import { createMemoryBroker, memory } from '@sluice/core/memory'
import { adapterError, type Adapter } from '@sluice/core/spi'
import { kafka } from '@sluice/adapter-kafka'
import { rabbitmq } from '@sluice/adapter-rabbitmq'
import { conformanceIds, memoryHarness, type Runner } from '@sluice/testing'

interface Order {
  readonly id: string
  readonly amount: number
}

const orders = defineTopic('orders', { schema: unchecked<Order>(), key: (order) => order.id })
const events = defineTopic('events', { types: { placed: unchecked<Order>(), paid: unchecked<{ at: number }>() } })

export async function run(factory: AdapterFactory, runner: Runner): Promise<string> {
  const config = defineConfig({ url: 'memory:', adapters: [factory] })
  const any: Messaging = await connect({ ...config, url: 'memory:' })
  const messaging = await createMessaging({ adapter: memory({ broker: createMemoryBroker({ like: 'log' }) }) })
  const adapter: Adapter = memory()
  const brokers: readonly Adapter[] = [rabbitmq({ url: 'amqp://localhost' }), kafka({ url: 'kafka://localhost' })]
  const options = { group: 'billing', concurrency: 5, from: 'earliest', rateLimit: perSecond(5) } as const
  const subscription: Subscription = await messaging.subscribe(orders, options, async (message, delivery) => {
    const amount: number = message.payload.amount
    if (amount < 0) throw new PermanentError('negative')
    await delivery.ack()
  })
  // @ts-expect-error: the amount of an order is a number
  await messaging.publish(orders, { id: 'a', amount: '5' })
  // @ts-expect-error: memory that is like a queue keeps nothing to begin with
  await (await createMessaging({ adapter: memory() })).subscribe(orders, { group: 'g', from: 'earliest' }, () => 5)
  // @ts-expect-error: one of the types has no handler
  await messaging.subscribe(events, { group: 'mail' }, { placed: () => 5 })
  await messaging.subscribe(
    events,
    { group: 'mail' },
    { placed: ({ payload }) => payload.id, paid: ({ payload }) => payload.at },
  )
  for await (const delivery of messaging.stream(orders, { group: 'audit' })) await settle(delivery)
  const { id } = await any.publish(orders, { id: 'a', amount: 5 }, { headers: { x: 'y' }, timeoutMs: 5 })
  await using closing = messaging
  const ids: readonly string[] = conformanceIds.map((one) => one.id)
  const error: unknown = adapterError('REFUSED', 'no')
  if (isSluiceError(error)) return error.code
  return [
    id,
    maskUrl('a:'),
    closing.adapter,
    adapter.name,
    brokers.length,
    subscription.group,
    ids.length,
    typeof memoryHarness,
    typeof runner,
  ].join()
}

const settle = (delivery: Delivery<MessageOf<typeof orders>>): Promise<void> =>
  delivery.message.payload.amount > 5 ? delivery.retry({ delayMs: 5 }) : delivery.deadLetter('small')
