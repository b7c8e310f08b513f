import type { Channel } from 'amqplib'

/** Runs the work on a connection of its own. */
export async function withChannel<T>(url: string, work: (channel: Channel) => Promise<T>): Promise<T> {
  const { connect } = await import('amqplib')
  const connection = await connect(url, { noDelay: true })
  try {
    const channel = await connection.createChannel()
    // What goes wrong rejects the call that it is about.
    channel.on('error', () => undefined)
    return await work(channel)
  } finally {
    await connection.close()
  }
}
