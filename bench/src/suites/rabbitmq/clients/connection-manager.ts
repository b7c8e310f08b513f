import type { Document } from '../../../broker/document.js'
import { prefetch, publishWindow, type Client } from './client.js'
import { keepInFlight } from './in-flight.js'

/** amqp-connection-manager: amqplib with reconnecting, and a list of what is to be sent. */
export async function loadConnectionManager(): Promise<Client> {
  const { connect } = await import('amqp-connection-manager')
  return {
    openPublisher: async ({ url, name, documentOf }) => {
      const connection = connect([url], { connectionOptions: { noDelay: true } })
      const channel = connection.createChannel({ json: true })
      const options = { persistent: true, mandatory: true, contentType: 'application/json' }
      const send = (document: Document): Promise<boolean> => channel.sendToQueue(name, document, options)
      await channel.waitForConnect()
      return {
        queue: name,
        publish: (messages) => keepInFlight(publishWindow, messages, (index) => send(documentOf(index))),
        send,
        close: async () => {
          await channel.close()
          await connection.close()
        },
      }
    },

    openConsumer: async ({ url, name }, handle) => {
      const connection = connect([url], { connectionOptions: { noDelay: true } })
      const channel = connection.createChannel({ confirm: false })
      await channel.waitForConnect()
      await channel.consume(
        name,
        (message) => {
          const work = async (): Promise<void> => {
            await handle(JSON.parse(message.content.toString()) as Document)
            channel.ack(message)
          }
          void work()
        },
        { prefetch },
      )
      return {
        settled: async () => {},
        close: async () => {
          await channel.close()
          await connection.close()
        },
      }
    },
  }
}
