import { adapterError, isAdapterError, type AdapterError, type AdapterErrorCode } from '@sluice/core/spi'
import { errorCodes } from './wire/error-codes.js'
import { KafkaError } from './wire/kafka-error.js'

/** What was asked for when it failed. */
export interface FailureContext {
  /** How far the damage goes. @default connection */
  readonly scope?: AdapterError['scope'] | undefined
  /** The connection was just being made: what only a person can mend is fatal. @default false */
  readonly connecting?: boolean | undefined
}

type Failure = Error & AdapterError

/** Tells the errors of the wire in the words of the SPI. Errors of the SPI stay as they are. */
export function toAdapterError(
  error: unknown,
  { scope = 'connection', connecting = false }: FailureContext = {},
): Failure {
  if (error instanceof KafkaError) return translate(error, scope, connecting)
  if (isAdapterError(error) && error instanceof Error) return error
  const text = error instanceof Error ? error.message : String(error)
  return adapterError('DISCONNECTED', text, { scope, retryable: true, cause: error })
}

function translate(error: KafkaError, scope: AdapterError['scope'], connecting: boolean): Failure {
  const { kind, errno, message } = error
  if (kind === 'server') return fromServer(error, scope)
  if (kind === 'closed') return adapterError('CLOSED', message, { scope, cause: error })
  if (kind === 'message') return adapterError('REFUSED', message, { scope, cause: error })
  if (kind === 'tls' || kind === 'credentials') {
    return adapterError('DENIED', message, { scope, fatal: connecting, retryable: !connecting, cause: error })
  }
  const text = kind === 'protocol' ? `no Kafka: ${message}` : message
  const code = errno === 'ETIMEDOUT' ? 'TIMEOUT' : 'DISCONNECTED'
  return adapterError(code, text, { scope, retryable: true, cause: error })
}

const codes: ReadonlyMap<number, AdapterErrorCode> = new Map([
  [errorCodes.offsetOutOfRange, 'POSITION_LOST'],
  [errorCodes.unknownTopicOrPartition, 'UNKNOWN_TOPIC'],
  [errorCodes.messageTooLarge, 'TOO_LARGE'],
  [errorCodes.recordListTooLarge, 'TOO_LARGE'],
  [errorCodes.notEnoughReplicas, 'UNDURABLE'],
  [errorCodes.notEnoughReplicasAfterAppend, 'UNDURABLE'],
  [errorCodes.topicAuthorizationFailed, 'DENIED'],
  [errorCodes.groupAuthorizationFailed, 'DENIED'],
  [errorCodes.clusterAuthorizationFailed, 'DENIED'],
  [errorCodes.invalidTopic, 'REFUSED'],
  [errorCodes.invalidTimestamp, 'REFUSED'],
  [errorCodes.invalidRecord, 'REFUSED'],
  [errorCodes.policyViolation, 'REFUSED'],
  [errorCodes.unsupportedForMessageFormat, 'UNSUPPORTED'],
  [errorCodes.requestTimedOut, 'TIMEOUT'],
])

/** What a later try may have mended: enough replicas, a node that is back. */
const passing: ReadonlySet<AdapterErrorCode> = new Set(['UNDURABLE', 'TIMEOUT', 'DISCONNECTED'])

function fromServer(error: KafkaError, scope: AdapterError['scope']): Failure {
  const code = codes.get(error.code ?? -1) ?? 'DISCONNECTED'
  return adapterError(code, error.message, { scope, retryable: passing.has(code), cause: error })
}
