import { adapterError, isAdapterError, type AdapterError, type AdapterErrorCode } from '@sluice/core/spi'
import { readInequivalence } from './inequivalence.js'
import { WireError } from './wire/wire-error.js'

/** What was asked for when it failed. */
export interface FailureContext {
  /** How far the damage goes. @default what the error says: connection for a connection that ended, topic for what was asked on a channel */
  readonly scope?: AdapterError['scope'] | undefined
  /** The connection was just being made: what only a person can mend is fatal. @default false */
  readonly connecting?: boolean | undefined
}

type Failure = Error & AdapterError

/** Tells the errors of the wire in the words of the SPI. Errors of the SPI stay as they are. */
export function toAdapterError(error: unknown, { scope, connecting = false }: FailureContext = {}): Failure {
  if (error instanceof WireError) return translate(error, scope ?? scopes[error.scope], connecting)
  if (isAdapterError(error) && error instanceof Error) return error
  const text = error instanceof Error ? error.message : String(error)
  return adapterError('DISCONNECTED', text, { scope: scope ?? 'connection', retryable: true, cause: error })
}

const scopes = { connection: 'connection', channel: 'topic', message: 'message' } as const

function translate(error: WireError, scope: AdapterError['scope'], connecting: boolean): Failure {
  const { kind, errno, message } = error
  if (kind === 'server') return fromServer(error, scope, connecting)
  if (kind === 'message') return fromMessage(error, scope)
  if (kind === 'tls') {
    return adapterError('DENIED', message, { scope, fatal: connecting, retryable: !connecting, cause: error })
  }
  const text = kind === 'protocol' ? `no AMQP: ${message}` : message
  return adapterError(errno === 'ETIMEDOUT' ? 'TIMEOUT' : 'DISCONNECTED', text, {
    scope,
    retryable: true,
    cause: error,
  })
}

/** Nothing was sent and nothing has ended. */
function fromMessage(error: WireError, scope: AdapterError['scope']): Failure {
  const { replyCode, message } = error
  if (replyCode === 311) return adapterError('TOO_LARGE', message, { scope, cause: error })
  if (replyCode === 506) return adapterError('BUSY', message, { scope: 'connection', retryable: true, cause: error })
  return adapterError('REFUSED', message, { scope, cause: error })
}

const codes: Readonly<Record<number, AdapterErrorCode>> = {
  311: 'TOO_LARGE',
  312: 'UNROUTABLE',
  313: 'UNROUTABLE',
  403: 'DENIED',
  404: 'UNKNOWN_TOPIC',
  405: 'BUSY',
  506: 'BUSY',
  530: 'DENIED',
  540: 'UNSUPPORTED',
}

function fromServer(error: WireError, scope: AdapterError['scope'], connecting: boolean): Failure {
  const { message, replyCode = 0 } = error
  if (replyCode === 406) return fromPrecondition(error, scope)
  // A limit of connections is reached: the next one that ends makes room.
  const passing = replyCode === 530 && / limit \(\d+\) is reached/.test(message)
  const code = passing ? 'BUSY' : (codes[replyCode] ?? 'DISCONNECTED')
  const retryable = code === 'BUSY' || code === 'DISCONNECTED'
  return adapterError(code, message, { scope, retryable, fatal: connecting && code === 'DENIED', cause: error })
}

/** RabbitMQ gives this code to several things, and only their texts tell them apart. */
function fromPrecondition(error: WireError, scope: AdapterError['scope']): Failure {
  const { message } = error
  const different = readInequivalence(message)
  if (different !== undefined && !different.isCut) {
    const { kind, name, argument, wanted, found } = different
    const text = `${kind} "${name}": ${argument} wanted ${wanted ?? 'none'}, found ${found ?? 'none'}`
    return adapterError('TOPOLOGY_MISMATCH', text, { scope, cause: error })
  }
  if (/message size \d+ .*larger than/.test(message)) return adapterError('TOO_LARGE', message, { scope, cause: error })
  // A delivery that was held for too long, or an acknowledgement that the broker does not know: the channel is lost, and comes back.
  if (/delivery ack|unknown delivery tag/.test(message)) {
    return adapterError('DISCONNECTED', message, { scope, retryable: true, cause: error })
  }
  return adapterError('TOPOLOGY_MISMATCH', message, { scope, cause: error })
}
