import { randomUUID } from 'node:crypto'
import type { ConfirmChannel, ConsumeMessage } from 'amqplib'
import type { Document } from '../../../broker/document.js'
import { prefetch, publishWindow, type Client } from './client.js'

/** `exchange`: to whatever queues are bound, with an id and a time. `queue`: to one queue by its name, with neither; nobody else can hear it. */
export type RawPublish = 'exchange' | 'queue'

/**
 * amqplib by hand, written for speed: one channel, confirms by callback, no promise for a message, every delivery acknowledged by itself.
 */
export async function loadRaw(to: RawPublish, window: number = publishWindow): Promise<Client> {
  const { connect } = await import('amqplib')
  const publish = to === 'exchange' ? publishToExchange() : publishToQueue
  return {
    openPublisher: async ({ url, name, documentOf }) => {
      const connection = await connect(url, { noDelay: true })
      const channel = await connection.createConfirmChannel()
      return {
        queue: name,
        publish: (messages) =>
          publishAll(messages, window, (index, confirmed) => publish(channel, name, documentOf(index), confirmed)),
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

type Publish = (channel: ConfirmChannel, queue: string, document: Document, confirmed: Confirmed) => void

const publishToQueue: Publish = (channel, queue, document, confirmed) => {
  channel.publish('', queue, Buffer.from(JSON.stringify(document)), options, confirmed)
}

/** Ids as long as those of a UUID; the exchange and its key are called as the queue. */
function publishToExchange(): Publish {
  const start = randomUUID().slice(0, -8)
  let count = 0
  return (channel, queue, document, confirmed) => {
    count += 1
    const messageId = start + count.toString(16).padStart(8, '0')
    const timestamp = Math.floor(Date.now() / 1000)
    const body = Buffer.from(JSON.stringify(document))
    const { persistent, mandatory, contentType } = options
    channel.publish(queue, queue, body, { persistent, mandatory, contentType, messageId, timestamp }, confirmed)
  }
}

function publishAll(
  messages: number,
  window: number,
  publish: (index: number, confirmed: Confirmed) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0
    let confirmed = 0
    const fill = (): void => {
      while (next < messages && next - confirmed < window) {
        publish(next++, answered)
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
