import { randomUUID } from 'node:crypto'
import type { Consumer as KafkajsConsumer, Kafka, Message } from 'kafkajs'
import type { Handle } from '../../../broker/client.js'
import type { Document } from '../../../broker/document.js'
import { batchSize, parallelSends, type Client, type Target } from './client.js'

/** `batches`: made by hand, of 500. `single`: 50 in parallel, as of requests of a server. */
export type KafkajsPublish = 'batches' | 'single'
/** `batch`: one call for many messages, which the handler is called for one after the other. `message`: as most applications do it. */
export type KafkajsConsume = 'batch' | 'message'

/** kafkajs by hand: with acknowledgement by all replicas, the headers that Sluice's messages have, and JSON on either side. */
export function loadKafkajs(publishing: KafkajsPublish, consuming: KafkajsConsume): () => Promise<Client> {
  return async () => ({
    openPublisher: async (target) => {
      const producer = (await open(target)).producer({ allowAutoTopicCreation: false })
      await producer.connect()
      const messageOf = messages()
      const send = (list: readonly Document[]): Promise<unknown> =>
        producer.send({ topic: target.topic, acks: -1, messages: list.map(messageOf) })
      return {
        publish: (count) => publishAll[publishing](send, target, count),
        send: (document) => send([document]),
        close: () => producer.disconnect(),
      }
    },
    openConsumer: async (target, handle) => {
      const consumer = (await open(target)).consumer({ groupId: target.group, maxWaitTimeInMs: 500 })
      await consumer.connect()
      await consumer.subscribe({ topics: [target.topic], fromBeginning: true })
      await run[consuming](consumer, handle)
      return { settled: () => Promise.resolve(), close: () => consumer.disconnect() }
    },
  })
}

async function open({ bootstrap }: Target): Promise<Kafka> {
  const { Kafka, logLevel } = await import('kafkajs')
  return new Kafka({ clientId: 'raw', brokers: bootstrap.split(','), logLevel: logLevel.NOTHING })
}

/** Ids as long as those of a UUID. */
function messages(): (document: Document) => Message {
  const start = randomUUID().slice(0, -8)
  let count = 0
  return (document) => {
    count += 1
    const id = start + count.toString(16).padStart(8, '0')
    return {
      value: JSON.stringify(document),
      headers: { 'sluice-version': '1', 'content-type': 'application/json', 'sluice-id': id },
    }
  }
}

type Send = (list: readonly Document[]) => Promise<unknown>

const publishAll: Readonly<Record<KafkajsPublish, (send: Send, target: Target, count: number) => Promise<void>>> = {
  batches: async (send, { documentOf }, count) => {
    for (let next = 0; next < count;) {
      const list: Document[] = []
      for (; next < count && list.length < batchSize; next += 1) list.push(documentOf(next))
      await send(list)
    }
  },
  single: async (send, { documentOf }, count) => {
    let next = 0
    const caller = async (): Promise<void> => {
      while (next < count) await send([documentOf(next++)])
    }
    await Promise.all(Array.from({ length: parallelSends }, caller))
  },
}

const read = (value: Buffer | null): Document => JSON.parse((value ?? Buffer.alloc(0)).toString()) as Document

const run: Readonly<Record<KafkajsConsume, (consumer: KafkajsConsumer, handle: Handle) => Promise<void>>> = {
  batch: (consumer, handle) =>
    consumer.run({
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        for (const message of payload.batch.messages) {
          await handle(read(message.value))
          payload.resolveOffset(message.offset)
        }
        await payload.heartbeat()
        await payload.commitOffsetsIfNecessary()
      },
    }),
  message: (consumer, handle) =>
    consumer.run({ eachMessage: async ({ message }) => void (await handle(read(message.value))) }),
}
