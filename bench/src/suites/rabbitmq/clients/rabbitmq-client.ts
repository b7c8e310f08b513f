import type { Document } from '../../../broker/document.js'
import { prefetch, publishWindow, type Client } from './client.js'
import { keepInFlight } from './in-flight.js'

/** rabbitmq-client: a client of its own, with promises. */
export async function loadRabbitmqClient(): Promise<Client> {
  const { Connection } = await import('rabbitmq-client')
  return {
    openPublisher: async ({ url, name, documentOf }) => {
      const connection = new Connection({ url, noDelay: true })
      const publisher = connection.createPublisher({ confirm: true })
      const envelope = { routingKey: name, durable: true, mandatory: true }
      const send = (document: Document): Promise<void> => publisher.send(envelope, document)
      await connection.onConnect()
      return {
        queue: name,
        publish: (messages) => keepInFlight(publishWindow, messages, (index) => send(documentOf(index))),
        send,
        close: async () => {
          await publisher.close()
          await connection.close()
        },
      }
    },

    openConsumer: async ({ url, name }, handle) => {
      const connection = new Connection({ url, noDelay: true })
      const consumer = connection.createConsumer(
        { queue: name, queueOptions: { passive: true }, qos: { prefetchCount: prefetch }, concurrency: prefetch },
        async ({ body }) => {
          await handle(body as Document)
        },
      )
      consumer.on('error', (error: unknown) => {
        throw error
      })
      return {
        settled: async () => {},
        close: async () => {
          await consumer.close()
          await connection.close()
        },
      }
    },
  }
}
