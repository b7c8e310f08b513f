import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A socket and everything that it has heard. */
export interface Heard {
  readonly socket: Socket
  /** All bytes so far. */
  readonly text: () => string
  /** Chunks as they came. */
  readonly chunks: readonly Buffer[]
  /**
   * `FIN`, `RST` (or another code), in the order in which they came. Node tells a reset that comes together with the last bytes as an
   * end.
   */
  readonly ends: readonly string[]
}

export function hear(socket: Socket): Heard {
  const chunks: Buffer[] = []
  const ends: string[] = []
  socket.on('data', (bytes: Buffer) => chunks.push(bytes))
  socket.on('end', () => ends.push('FIN'))
  socket.on('error', (error: NodeJS.ErrnoException) =>
    ends.push(error.code === 'ECONNRESET' ? 'RST' : String(error.code)),
  )
  return { socket, chunks, ends, text: () => Buffer.concat(chunks).toString('latin1') }
}

/** A broker that does nothing of itself. */
export interface PlainBroker {
  readonly host: string
  readonly port: number
  readonly connections: readonly Heard[]
  /** The next connection that comes, or the first that nobody has asked for. */
  next(): Promise<Heard>
  close(): void
}

export async function startPlainBroker(port = 0): Promise<PlainBroker> {
  const connections: Heard[] = []
  let taken = 0
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true })
  server.on('connection', (socket) => {
    connections.push(hear(socket))
    server.emit('heard')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    connections,
    async next() {
      while (connections.length <= taken) await once(server, 'heard')
      const heard = connections[taken]
      taken += 1
      if (heard === undefined) throw new Error('no connection')
      return heard
    },
    close() {
      server.close()
      for (const { socket } of connections) socket.destroy()
    },
  }
}

export async function openClient(port: number): Promise<Heard> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const heard = hear(socket)
  await once(socket, 'connect')
  return heard
}
