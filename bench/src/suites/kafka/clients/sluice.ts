import { createMessaging, defineTopic, unchecked, type Messaging, type Topic } from '@sluice/core'
import type { KafkaCapabilities } from '@sluice/adapter-kafka'
import { publishBatches, publishSingly } from '../../../broker/publish-in-turns.js'
import { until } from '../../../measure/until.js'
import type { Document } from '../../../broker/document.js'
import { batchSize, type Client, type Target } from './client.js'

/** More than are on their way to the broker, so that it never waits for the application. */
const callers = 1_000
const batchCallers = 2
/** Deliveries here and not settled, of each partition. */
const window = 1_000

/** As an application uses it, with defaults: a topic without keys, handlers beside each other. */
export function loadSluice(publishing: 'single' | 'batch'): () => Promise<Client> {
  return async () => ({
    openPublisher: async (target) => {
      const { messaging, topic } = await open(target)
      const { documentOf } = target
      await messaging.provision([topic])
      return {
        publish: (messages) =>
          publishing === 'single'
            ? publishSingly({ messaging, topic, documentOf, callers }, messages)
            : publishBatches({ messaging, topic, documentOf, callers: batchCallers, batchSize }, messages),
        send: (document) => messaging.publish(topic, document),
        close: async () => void (await messaging.close()),
      }
    },
    openConsumer: async (target, handle) => {
      const { messaging, topic } = await open(target)
      let handled = 0
      const subscription = await messaging.subscribe(
        topic,
        { group: 'bench', from: 'earliest', concurrency: 256, window: { messages: window } },
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
  readonly messaging: Messaging<KafkaCapabilities>
  readonly topic: DocumentTopic
}

async function open({ url, topic }: Target): Promise<Open> {
  const { kafka } = await import('@sluice/adapter-kafka')
  return {
    messaging: await createMessaging({ adapter: kafka({ url, replicationFactor: 1 }) }),
    topic: defineTopic(topic, { schema: unchecked<Document>() }),
  }
}
