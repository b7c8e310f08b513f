import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { WireTarget } from '../port.js'
import { WireError } from '../wire-error.js'
import { reasonOf } from './reasons.js'

/** With the 16 KiB of Node, a burst of small publishes goes out in seven times as many writes. */
const WRITE_BUFFER_BYTES = 262_144

/** A connected socket, with TLS where that is asked for. Rejects with the reason of `limit` when that aborts first; then nothing is left. */
export async function openSocket(target: WireTarget, limit: AbortSignal): Promise<Socket> {
  limit.throwIfAborted()
  const socket = begin(target)
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(target.tls === undefined ? 'connect' : 'secureConnect', resolve)
      // For as long as the socket lives: one without a listener for errors would end the process.
      socket.on('error', (error: Error) => reject(refusal(error, target)))
      socket.once('close', () => reject(refusal(new Error('Socket closed abruptly'), target)))
      limit.addEventListener('abort', () => reject(limit.reason as WireError), { once: true })
    })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function begin(target: WireTarget): Socket {
  try {
    return target.tls === undefined ? openPlain(target) : openSecure(target, target.tls)
  } catch (error) {
    // Node looks into certificates and keys at once.
    throw refusal(error, target)
  }
}

// Without Nagle's algorithm: a single publish would wait for the answer to the one before.
const options = { noDelay: true, keepAlive: true }

function openPlain({ host, port }: WireTarget): Socket {
  const buffer = { writableHighWaterMark: WRITE_BUFFER_BYTES }
  return connect({ ...options, ...buffer, host, port })
}

function openSecure({ host, port }: WireTarget, tls: NonNullable<WireTarget['tls']>): Socket {
  // The name that the certificate is chosen and checked by; an address may not be sent as one.
  const name = isIP(host) === 0 ? { servername: host } : {}
  const buffer = { highWaterMark: WRITE_BUFFER_BYTES }
  return connectTls({ ...name, ...tls, ...options, ...buffer, host, port })
}

/** The system's own text is empty when it tried several addresses, and never says what was asked for. */
function refusal(error: unknown, { host, port, tls }: WireTarget): WireError {
  const { kind, errno, message } = reasonOf(error, 'connection', tls !== undefined)
  const text = kind === 'tls' ? message : (errno ?? message)
  return new WireError(`${host}:${port}: ${text}`, { kind, scope: 'connection', errno, cause: error })
}
