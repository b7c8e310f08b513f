import type { Socket } from 'node:net'

/** What happens to a socket before amqplib sees it. */
export interface Guard {
  /** Bytes have come in, amqplib gets them afterwards. */
  received: (bytes: Uint8Array) => void
  /** amqplib threw while it dealt with an event of the socket. */
  failed: (error: Error) => void
}

/**
 * Stands between the socket and amqplib. Before a connection is open (and in the same turn after that), amqplib decodes and answers frames
 * unprotected in a listener of the socket: one frame that it does not expect there would be an uncaught exception and end the process.
 */
export function guardSocket(socket: Socket, guard: Guard): void {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null
  socket.read = (size?: number): Buffer | null => {
    const bytes = read(size)
    if (bytes !== null) guard.received(bytes)
    return bytes
  }
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...args: readonly unknown[]) => boolean
  socket.emit = (event: string | symbol, ...args: readonly unknown[]): boolean => {
    try {
      return emit(event, ...args)
    } catch (error) {
      guard.failed(error instanceof Error ? error : new Error(String(error)))
      return true
    }
  }
}
