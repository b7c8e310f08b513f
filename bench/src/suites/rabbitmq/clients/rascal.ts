import { once } from 'node:events'
import type { Broker } from 'rascal'
import type { Document } from '../../../broker/document.js'
import { prefetch, publishWindow, type Client } from './client.js'
import { keepInFlight } from './in-flight.js'

/** rascal: configuration over amqplib. Each publish takes a channel out of a pool until it is confirmed, so the pool is as large as the window. */
export async function loadRascal(): Promise<Client> {
  const { default: rascal } = await import('rascal')
  const open = async (url: string, queue: string, roles: object): Promise<Broker> => {
    const broker = await rascal.BrokerAsPromised.create(rascal.withDefaultConfig(configOf(url, queue, roles)))
    broker.on('error', (error: unknown) => {
      throw error
    })
    return broker
  }
  return {
    openPublisher: async ({ url, name, documentOf }) => {
      const broker = await open(url, name, { publications: { documents: { queue: name } } })
      const send = async (document: Document): Promise<unknown> => {
        const publication = await broker.publish('documents', document)
        return once(publication, 'success')
      }
      return {
        queue: name,
        publish: (messages) => keepInFlight(publishWindow, messages, (index) => send(documentOf(index))),
        send,
        close: () => broker.shutdown(),
      }
    },

    openConsumer: async ({ url, name }, handle) => {
      const broker = await open(url, name, { subscriptions: { documents: { queue: name, prefetch } } })
      const subscription = await broker.subscribe('documents')
      subscription.on('message', (_message: unknown, content: Document, ackOrNack: () => void) => {
        const work = async (): Promise<void> => {
          await handle(content)
          ackOrNack()
        }
        void work()
      })
      return { settled: async () => {}, close: () => broker.shutdown() }
    },
  }
}

function configOf(url: string, queue: string, roles: object): object {
  return {
    vhosts: {
      '/': {
        // Without a limit of its own: by default it allows 100 channels.
        connection: { url, options: { channelMax: 0 }, socketOptions: { noDelay: true } },
        publicationChannelPools: { confirmPool: { max: publishWindow, min: 1 } },
        // They are there already.
        queues: { [queue]: { assert: false, check: false } },
        ...roles,
      },
    },
  }
}
