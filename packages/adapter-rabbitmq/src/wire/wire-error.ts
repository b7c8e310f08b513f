/**
 * Why something of the wire ended or was refused. `io`: the socket (refused, reset, closed without a word, silent). `tls`: the handshake.
 * `server`: the broker said so, with a reply code of AMQP. `protocol`: what came was no AMQP. `closed`: this side has ended it.
 * `message`: what was to be sent cannot be said in AMQP, nothing of it was written and nothing has ended.
 */
export type WireErrorKind = 'io' | 'tls' | 'server' | 'protocol' | 'closed' | 'message'

export interface WireErrorDetails {
  readonly kind: WireErrorKind
  /** What is meant: the whole connection, one channel, or one request or message. */
  readonly scope: 'connection' | 'channel' | 'message'
  /** Reply code of AMQP (404, 406, 320 …): what the broker gave, or would have given to a `message`. */
  readonly replyCode?: number | undefined
  /** Of the system or of TLS: ECONNREFUSED, CERT_HAS_EXPIRED … */
  readonly errno?: string | undefined
  readonly cause?: unknown
}

/** What the wire rejects with and reports. Its message never holds a credential. */
export class WireError extends Error {
  readonly kind: WireErrorKind
  readonly scope: WireErrorDetails['scope']
  readonly replyCode: number | undefined
  readonly errno: string | undefined

  constructor(text: string, { kind, scope, replyCode, errno, cause }: WireErrorDetails) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'WireError'
    this.kind = kind
    this.scope = scope
    this.replyCode = replyCode
    this.errno = errno
  }
}
