import { createMessaging, defineTopic, unchecked, type Messaging, type Topic } from '@sluice/core'
import type { RabbitMQOptions } from '@sluice/adapter-rabbitmq'
import { publishBatches, publishSingly } from '../../../broker/publish-in-turns.js'
import { until } from '../../../measure/until.js'
import type { Document } from '../../../broker/document.js'
import { prefetch, type Client, type Target } from './client.js'

const group = 'bench'

/** More than are on their way to the broker, so that it never waits for the application. */
const callers = 1_000
const batchSize = 100

/** As an application uses it, with defaults: a topic without keys, its queue declared by Sluice where it is a quorum queue. */
export function loadSluice(publishing: 'single' | 'batch'): () => Promise<Client> {
  return async () => ({
    openPublisher: async (target) => {
      const { messaging, topic, queue } = await open(target)
      const { documentOf } = target
      await messaging.provision([topic])
      return {
        queue,
        publish: (messages) =>
          publishing === 'single'
            ? publishSingly({ messaging, topic, documentOf, callers }, messages)
            : publishBatches({ messaging, topic, documentOf, callers: callers / batchSize, batchSize }, messages),
        send: (document) => messaging.publish(topic, document),
        close: async () => void (await messaging.close()),
      }
    },

    openConsumer: async (target, handle) => {
      const { messaging, topic } = await open(target)
      let handled = 0
      const subscription = await messaging.subscribe(
        topic,
        { group, concurrency: prefetch, window: { messages: prefetch } },
        async ({ payload }) => {
          await handle(payload)
          handled += 1
        },
      )
      return {
        settled: () => until(() => subscription.stats().acked >= handled),
        close: async () => void (await messaging.close()),
      }
    },
  })
}

type DocumentTopic = Topic<Document, Document, false>

interface Open {
  readonly messaging: Messaging
  readonly topic: DocumentTopic
  readonly queue: string
}

/** Sluice makes quorum queues and no others, so a classic one is an existing one of somebody else. */
async function open({ url, name, type }: Target): Promise<Open> {
  const { rabbitmq } = await import('@sluice/adapter-rabbitmq')
  const foreign = { [name]: { routingKey: name, groups: { [group]: { queue: name } } } }
  const options: RabbitMQOptions = type === 'classic' ? { url, existing: foreign } : { url }
  return {
    messaging: await createMessaging({ adapter: rabbitmq(options) }),
    topic: defineTopic(name, { schema: unchecked<Document>(), groups: [group] }),
    queue: type === 'classic' ? name : `${name}.${group}`,
  }
}
