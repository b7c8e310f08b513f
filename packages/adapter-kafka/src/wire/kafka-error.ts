/**
 * Why something of the wire ended or was refused. `io`: the socket (refused, reset, closed without a word, silent). `tls`: the handshake.
 * `credentials`: the broker does not take them. `server`: the broker said so, with an error code of Kafka. `protocol`: what came was no
 * Kafka. `closed`: this side has ended it. `message`: what was to be sent cannot be said in Kafka, and nothing of it was written.
 */
export type KafkaErrorKind = 'io' | 'tls' | 'credentials' | 'server' | 'protocol' | 'closed' | 'message'

export interface KafkaErrorDetails {
  readonly kind: KafkaErrorKind
  /** Error code of Kafka: 3 = UNKNOWN_TOPIC_OR_PARTITION … */
  readonly code?: number | undefined
  /** Of the system or of TLS: ECONNREFUSED, CERT_HAS_EXPIRED … */
  readonly errno?: string | undefined
  readonly cause?: unknown
}

/** What the wire rejects with and reports. Its message never holds a credential. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly kind: KafkaErrorKind
  readonly code: number | undefined
  readonly errno: string | undefined

  constructor(text: string, { kind, code, errno, cause }: KafkaErrorDetails) {
    super(text, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.code = code
    this.errno = errno
  }
}

export const toKafkaError = (error: unknown): KafkaError =>
  error instanceof KafkaError ? error : new KafkaError(String(error), { kind: 'protocol', cause: error })
