import type { ConfirmChannel, ConsumeMessage } from 'amqplib'
import type { Document } from '../document.js'
import { prefetch, publishWindow, type Client, type Target } from './client.js'

/** amqplib by hand, written for speed: one channel, confirms by callback, no promise for a message, every delivery acknowledged by itself. */
export async function loadRaw(): Promise<Client> {
  const { connect } = await import('amqplib')
  return {
    openPublisher: async ({ url, name, documentOf }) => {
      const connection = await connect(url, { noDelay: true })
      const channel = await connection.createConfirmChannel()
      return {
        queue: name,
        publish: (messages) => publishAll(channel, name, messages, documentOf),
        send: (document) =>
          new Promise((resolve, reject) => {
            publish(channel, name, document, (error) => (error === null ? resolve(undefined) : reject(error)))
          }),
        close: async () => {
          await channel.close()
          await connection.close()
        },
      }
    },

    openConsumer: async ({ url, name }, handle) => {
      const connection = await connect(url, { noDelay: true })
      const channel = await connection.createChannel()
      await channel.prefetch(prefetch)
      const run = async (message: ConsumeMessage): Promise<void> => {
        await handle(JSON.parse(message.content.toString()) as Document)
        channel.ack(message)
      }
      await channel.consume(name, (message) => {
        if (message === null) throw new Error('the broker has cancelled the consumer')
        void run(message)
      })
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

const options = { persistent: true, mandatory: true, contentType: 'application/json' }

type Confirmed = (error: Error | null) => void

function publish(channel: ConfirmChannel, queue: string, document: Document, confirmed: Confirmed): void {
  channel.publish('', queue, Buffer.from(JSON.stringify(document)), options, confirmed)
}

function publishAll(
  channel: ConfirmChannel,
  queue: string,
  messages: number,
  documentOf: Target['documentOf'],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0
    let confirmed = 0
    const fill = (): void => {
      while (next < messages && next - confirmed < publishWindow) {
        publish(channel, queue, documentOf(next++), answered)
      }
    }
    const answered: Confirmed = (error) => {
      if (error !== null) return reject(error)
      confirmed += 1
      if (confirmed === messages) resolve()
      else fill()
    }
    fill()
  })
}
