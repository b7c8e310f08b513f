import {
  createMessaging,
  type BufferOptions,
  type Messaging,
  type SubscribeBatchOptions,
  type Subscription,
} from '@sluice/core'
import { createMemoryBroker, memory, type MemoryBroker } from '@sluice/core/memory'
import type { Running } from '../../measure/passes.js'
import { Flow } from '../../measure/flow.js'
import { Handled } from './handled.js'
import { defineOrders, ordersOf, type Order, type OrderTopic, type OrderTopicOptions } from './order.js'
import { publishing } from './publishing.js'

export type Like = 'queue' | 'log'

/** Publish → handler → settle on the memory adapter, as an application would write it. */
export interface PipelineOptions {
  readonly topic: OrderTopicOptions
  /** Keys, which come in turn. @default 1000 */
  readonly customers?: number
  readonly publish: keyof typeof publishing
  /** How deliveries reach the handler. */
  readonly handle: 'single' | 'batch'
  /** What the handler of single deliveries does; what it throws is the failure of the message. @default nothing */
  readonly work?: (order: Order) => Promise<unknown> | undefined
  /** Made in the process that measures, because limiters and stores are objects. */
  readonly subscribe: () => Omit<SubscribeBatchOptions, 'group' | 'order'>
  /** Messages that may be published and not handled yet. @default 1024 */
  readonly distance?: number
  /** @default core's */
  readonly buffer?: BufferOptions
}

export interface Pipeline extends Running {
  readonly broker: MemoryBroker<Like>
  readonly messaging: Messaging
  readonly topic: OrderTopic
  readonly subscription: Subscription
}

const group = 'bench'

export async function openPipeline(like: Like, options: PipelineOptions): Promise<Pipeline> {
  const { customers = 1_000, distance = 1_024, buffer = {} } = options
  const broker = createMemoryBroker({ like })
  const messaging = await createMessaging({ adapter: memory({ broker }), buffer })
  const topic = defineOrders(options.topic)
  const flow = new Flow(distance)
  const handled = new Handled(flow, options.work)
  const subscribeOptions = { ...options.subscribe(), group }
  const subscription =
    options.handle === 'batch'
      ? await messaging.subscribeBatch(topic, subscribeOptions, handled.batch)
      : await messaging.subscribe(topic, subscribeOptions, handled.single)
  const publish = publishing[options.publish]
  let expected = 0

  return {
    broker,
    messaging,
    topic,
    subscription,
    pass: async (messages) => {
      handled.reset()
      await publish({ messaging, topic, flow, orderOf: ordersOf(customers), messages })
      expected += messages
      await flow.drained(() => subscription.stats().acked >= expected)
      handled.check(messages)
      const { acked } = subscription.stats()
      if (acked !== expected) throw new Error(`${expected} messages were published and handled, ${acked} acked`)
    },
    close: async () => {
      await messaging.close()
    },
  }
}
