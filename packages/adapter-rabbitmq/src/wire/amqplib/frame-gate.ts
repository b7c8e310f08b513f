import type { InnerConnection, InnerFrame } from './internals.js'

/** More than any RabbitMQ can be told to take. */
const LARGEST_BODY_BYTES = 536_870_912

/**
 * Stands between frames and what amqplib does with them. It would go on with those that it has read already after the connection was given
 * up, and keep the pieces of a message until all have come, however many the broker announces, and empty ones without end.
 */
export function gateFrames(connection: InnerConnection, isOpen: () => boolean): void {
  const { accept } = connection
  connection.accept = (frame: InnerFrame): void => {
    if (!isOpen()) return
    if (frame.size !== undefined && !(frame.size <= LARGEST_BODY_BYTES)) throw new Error('a message without end')
    if (frame.content?.length === 0) throw new Error('a piece of a message without content')
    accept.call(connection, frame)
  }
}
