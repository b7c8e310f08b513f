import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TimerHeap } from '@sluice/core/spi'
import type { HostAndPort, KafkaTarget } from '../port.js'
import { KafkaError } from '../kafka-error.js'
import { authenticate } from './authenticate.js'
import { NodeConnection } from './node-connection.js'
import { apiVersionsRequest, type NodeVersions } from './requests.js'

/** A connection that may be used, and what its node speaks. */
export interface OpenNode {
  readonly connection: NodeConnection
  readonly versions: NodeVersions
}

export interface OpenNodeOptions {
  readonly target: KafkaTarget
  readonly timers: TimerHeap
  /** When an open connection has ended. */
  readonly closed: (reason: KafkaError) => void
}

/** Connects, and shows who this is. Rejects with the reason of `signal` when that aborts first; then nothing is left of the attempt. */
export async function openNode(host: HostAndPort, options: OpenNodeOptions, signal: AbortSignal): Promise<OpenNode> {
  const { target, timers, closed } = options
  const socket = await openSocket(host, target, signal)
  let open = false
  const connection = new NodeConnection({
    ...{ socket, clientId: target.clientId, timers },
    closed: (reason) => {
      if (open) closed(reason)
    },
  })
  const abort = (): void => connection.destroy(toError(signal.reason))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const { apiVersions } = await connection.request(apiVersionsRequest(), target.requestTimeoutMs)
    const versions = new Map(apiVersions.map(({ apiKey, maxVersion }) => [apiKey, maxVersion]))
    if (target.sasl !== undefined) await authenticate(connection, host, target, versions)
    signal.throwIfAborted()
    open = true
    return { connection, versions }
  } catch (error) {
    connection.destroy(toError(error))
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

const toError = (reason: unknown): KafkaError =>
  reason instanceof KafkaError ? reason : new KafkaError(String(reason), { kind: 'closed', cause: reason })

async function openSocket(host: HostAndPort, target: KafkaTarget, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()
  const socket = begin(host, target)
  let abort = (): void => {}
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(target.tls === undefined ? 'connect' : 'secureConnect', resolve)
      // For as long as the socket lives: one without a listener for errors would end the process.
      socket.on('error', (error: Error) => reject(refusal(error, host, target)))
      socket.once('close', () => reject(refusal(new Error('closed at once'), host, target)))
      abort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', abort, { once: true })
    })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    // What listens to a signal that depends on another one is kept as long as that one.
    signal.removeEventListener('abort', abort)
  }
}

function begin({ host, port }: HostAndPort, target: KafkaTarget): Socket {
  const options = { host, port, noDelay: true, keepAlive: true }
  if (target.tls === undefined) return connect(options)
  try {
    // The name that the certificate is chosen and checked by; an address may not be sent as one.
    const name = isIP(host) === 0 ? { servername: host } : {}
    return connectTls({ ...name, ...target.tls, ...options })
  } catch (error) {
    // Node looks into certificates and keys at once.
    throw refusal(error, { host, port }, target)
  }
}

/** The system's own text is empty when it tried several addresses, and never says what was asked for. */
function refusal(error: unknown, { host, port }: HostAndPort, { tls }: KafkaTarget): KafkaError {
  const { message, code } = error as { readonly message?: unknown; readonly code?: unknown }
  const errno = typeof code === 'string' ? code : undefined
  const isTls =
    tls !== undefined &&
    errno !== undefined &&
    /^EPROTO$|^ERR_(SSL|TLS|OSSL)_|CERT|SIGNATURE|ISSUER|CRL|_CA$|HOSTNAME/.test(errno)
  const text = isTls ? `TLS: ${String(message)}` : (errno ?? String(message))
  return new KafkaError(`${host}:${port}: ${text}`, { kind: isTls ? 'tls' : 'io', errno, cause: error })
}
