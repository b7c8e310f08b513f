import type { Clock } from '@sluice/core/spi'
import type { ConnectionEvents, Wire, WireConnection, WireTarget } from '../port.js'
import { WireError } from '../wire-error.js'
import { AmqplibConnection } from './connection.js'
import { shakeHands } from './handshake.js'
import { openSocket } from './open-socket.js'

/** AMQP by amqplib. Everything that is known to go wrong with it is dealt with in this folder, and nowhere else. */
export function createAmqplibWire(clock: Clock): Wire {
  return {
    connect: async (target, events, signal): Promise<WireConnection> => {
      const limit = new AbortController()
      const abort = (): void =>
        limit.abort(
          new WireError('given up by this side', { kind: 'closed', scope: 'connection', cause: signal.reason }),
        )
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort, { once: true })
      const cancel = clock.after(target.connectTimeoutMs, () => limit.abort(tooLate(target)))
      try {
        return await connect(target, events, limit.signal, clock)
      } finally {
        cancel()
        signal.removeEventListener('abort', abort)
      }
    },
  }
}

async function connect(
  target: WireTarget,
  events: ConnectionEvents,
  limit: AbortSignal,
  clock: Clock,
): Promise<WireConnection> {
  const socket = await openSocket(target, limit)
  return shakeHands(socket, target, limit, (opened) => new AmqplibConnection(opened, events, clock))
}

function tooLate({ host, port, connectTimeoutMs }: WireTarget): WireError {
  const text = `${host}:${port}: no connection within ${connectTimeoutMs} ms`
  return new WireError(text, { kind: 'io', scope: 'connection', errno: 'ETIMEDOUT' })
}
