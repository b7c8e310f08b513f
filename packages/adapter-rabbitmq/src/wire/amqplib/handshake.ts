import { connect } from 'amqplib/callback_api'
import type { Socket } from 'node:net'
import type { WireTarget } from '../port.js'
import type { WireError } from '../wire-error.js'
import { CloseNotice } from './close-notice.js'
import { guardSocket, type Guard } from './guard-socket.js'
import type { Model } from './internals.js'
import { lendSocket } from './lend-socket.js'
import { reasonOf } from './reasons.js'

/** Largest frame of either side. Larger ones gain nothing, and a single one would hold up what goes on beside it. */
const FRAME_BYTES = 131_072

export interface Opened {
  readonly model: Model
  /** Belongs to whoever takes the connection. */
  readonly guard: Guard
}

/**
 * Opens AMQP on a connected socket. Rejects with the reason of `limit` when that aborts first; then nothing is left.
 * @param take is called in the turn in which the connection opens: whatever comes in the same bytes is not missed
 */
export async function shakeHands<T>(
  socket: Socket,
  target: WireTarget,
  limit: AbortSignal,
  take: (opened: Opened) => T,
): Promise<T> {
  const notice = new CloseNotice()
  try {
    limit.throwIfAborted()
    return await new Promise<T>((resolve, reject) => {
      const guard: Guard = { received: (bytes) => notice.add(bytes), failed: reject }
      guardSocket(socket, guard)
      socket.once('close', () => reject(new Error('Socket closed abruptly during the handshake')))
      limit.addEventListener('abort', () => reject(limit.reason as WireError), { once: true })
      lendSocket(socket, () => {
        connect(url(target), socketOptions(target), (error: Error | null, model: unknown) => {
          // amqplib calls twice when an attempt fails in two ways, and with a connection that the broker has ended again already.
          if (error !== null) reject(error)
          else if (!isEnded(model as Model) && !limit.aborted) resolve(take({ model: model as Model, guard }))
          else reject(new Error('Socket closed abruptly after the handshake'))
        })
      })
    })
  } catch (error) {
    socket.destroy()
    if (limit.aborted) throw limit.reason
    throw notice.read() ?? reasonOf(error, 'connection', target.tls !== undefined)
  }
}

const isEnded = ({ connection }: Model): boolean => connection.expectSocketClose

function url({ host, port, vhost, username, password, heartbeatSeconds }: WireTarget): object {
  return {
    // Whatever the socket is: this only decides how amqplib would make one.
    protocol: 'amqp',
    hostname: host,
    port,
    username,
    password,
    // amqplib takes it for a part of a URL and unescapes it.
    vhost: encodeURIComponent(vhost),
    heartbeat: heartbeatSeconds,
    frameMax: FRAME_BYTES,
    // Without it a single frame may announce, and keep in memory, 64 MiB.
    maxFrameSize: FRAME_BYTES,
  }
}

function socketOptions({ connectionName }: WireTarget): object {
  return {
    // amqplib sets both on the socket, off by default.
    noDelay: true,
    keepAlive: true,
    clientProperties: {
      product: 'Sluice',
      version: undefined,
      information: undefined,
      connection_name: connectionName,
    },
  }
}
