import { createMessaging, defineTopic, unchecked, type Messaging, type Topic } from '@sluice/core'
import type { RabbitMQOptions } from '@sluice/adapter-rabbitmq'
import { until } from '../../../measure/until.js'
import type { Document } from '../document.js'
import { prefetch, type Client, type Target } from './client.js'

const group = 'bench'

/** Calls that an application has not awaited yet; half of them are waited for while the other half goes on. */
const callsOpen = 1_000
const batchSize = 500

/** As an application uses it, with defaults: a topic without keys, its queue declared by Sluice where it is a quorum queue. */
export function loadSluice(publishing: 'single' | 'batch'): () => Promise<Client> {
  return async () => ({
    openPublisher: async (target) => {
      const { messaging, topic, queue } = await open(target)
      await messaging.provision([topic])
      return {
        queue,
        publish: (messages) => publishAll[publishing](messaging, topic, target.documentOf, messages),
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

const publishAll = { single, batch }

async function single(
  messaging: Messaging,
  topic: DocumentTopic,
  documentOf: Target['documentOf'],
  messages: number,
): Promise<void> {
  const calls: Promise<unknown>[] = []
  for (let index = 0; index < messages; index += 1) {
    calls.push(messaging.publish(topic, documentOf(index)))
    if (calls.length === callsOpen) await Promise.all(calls.splice(0, callsOpen / 2))
  }
  await Promise.all(calls)
}

async function batch(
  messaging: Messaging,
  topic: DocumentTopic,
  documentOf: Target['documentOf'],
  messages: number,
): Promise<void> {
  let before: Promise<unknown> = Promise.resolve()
  for (let next = 0; next < messages;) {
    const size = Math.min(batchSize, messages - next)
    const entries = Array.from({ length: size }, (_, offset) => ({ payload: documentOf(next + offset) }))
    next += size
    const stored = messaging.publishBatch(topic, entries)
    await before
    before = stored
  }
  await before
}
