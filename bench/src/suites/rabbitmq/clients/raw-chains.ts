import { indexOf, type Document } from '../../../broker/document.js'
import type { Target } from './client.js'

export interface Chains {
  /** Resolves when so many have been handled and acknowledged since the last call. */
  readonly handled: (messages: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** As many as a partition of Sluice may have open. */
const prefetch = 1_000

/**
 * Work in parallel over keys, in order within each, by hand on amqplib: a chain of promises for each key. It has no limit of concurrency,
 * because there are never more chains at work than keys, and nothing of it outlives its connection.
 */
export async function openRawChains({ url, name }: Target, work: (place: number) => Promise<unknown>): Promise<Chains> {
  const { connect } = await import('amqplib')
  const connection = await connect(url, { noDelay: true })
  const channel = await connection.createChannel()
  await channel.prefetch(prefetch)
  const chains = new Map<string, Promise<void>>()
  let count = 0
  let wanted = Infinity
  let resolve = (): void => {}
  await channel.consume(name, (message) => {
    if (message === null) throw new Error('the broker has cancelled the consumer')
    const document = JSON.parse(message.content.toString()) as Document
    const before = chains.get(document.customer) ?? Promise.resolve()
    const chain = before
      .then(() => work(indexOf(document)))
      .then(() => {
        channel.ack(message)
        count += 1
        if (count === wanted) resolve()
      })
    chains.set(document.customer, chain)
  })
  return {
    handled: (messages) =>
      new Promise((done) => {
        wanted = messages
        resolve = () => {
          count = 0
          done()
        }
      }),
    close: async () => {
      await channel.close()
      await connection.close()
    },
  }
}
