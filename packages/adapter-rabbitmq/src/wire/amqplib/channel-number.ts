import type { InnerChannel, InnerConnection } from './internals.js'

/**
 * Keeps the number of a channel from being used again until all that was written on it has reached the socket. Call it before the channel
 * ends; what it returns, right after.
 *
 * amqplib gives a number free at once, and takes turns between the frames that the old channel had still to send and those of the new one.
 * After the broker has ended a channel it ignores what comes until the answer to that, so the opening of the new channel would be lost
 * (a wait without end), or publishes of the old one be taken for its own (confirms for messages that nobody has).
 */
export function keepNumber(connection: InnerConnection, { ch }: InnerChannel): () => void {
  const buffer = connection.channels[ch]?.buffer
  return () => {
    if (buffer === undefined || buffer.readableEnded) return
    connection.freeChannels.set(ch)
    buffer.once('end', () => connection.freeChannels.clear(ch))
  }
}
