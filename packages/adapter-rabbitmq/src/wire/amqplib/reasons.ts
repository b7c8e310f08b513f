import { WireError, type WireErrorDetails } from '../wire-error.js'

type Scope = WireErrorDetails['scope']

/** What amqplib or the system threw or reported, told apart. */
export function reasonOf(error: unknown, scope: Scope, secure = false): WireError {
  if (error instanceof WireError) return error
  const { message, code } = error as { readonly message?: unknown; readonly code?: unknown }
  const text = typeof message === 'string' ? message : String(error)
  if (typeof code === 'number') {
    return new WireError(brokerText(text), { kind: 'server', scope, replyCode: code, cause: error })
  }
  if (typeof code === 'string' && (isSystem(code) || isTls(code))) {
    const kind = secure && isTls(code) ? 'tls' : 'io'
    return new WireError(kind === 'tls' ? `TLS: ${text}` : text || code, { kind, scope, errno: code, cause: error })
  }
  return new WireError(text, { kind: ended.test(text) ? 'io' : 'protocol', scope, cause: error })
}

/** What amqplib says when the other side hung up or fell silent. */
const ended = /^(Unexpected close|Heartbeat timeout|Socket closed abruptly)/

/** amqplib wraps what the broker said into a sentence of its own: `… 404 (NOT-FOUND) with message "NOT_FOUND - no queue …"`. */
function brokerText(text: string): string {
  return / with message "(.*)"$/s.exec(text)?.[1] ?? text
}

/** Other errors of Node are thrown by what decodes frames. */
function isSystem(code: string): boolean {
  return /^(E(?!RR_)|ERR_(STREAM|SOCKET)_)/.test(code)
}

/** What certificates and the library of TLS complain about; a reset or a refusal under TLS is what it is without. */
function isTls(code: string): boolean {
  return code === 'EPROTO' || /^ERR_(SSL|TLS|OSSL)_|CERT|SIGNATURE|ISSUER|CRL|_CA$|HOSTNAME/.test(code)
}

/** amqplib threw while it encoded: before it wrote anything. */
export function unencodable(error: unknown): WireError {
  const text = error instanceof Error ? error.message : String(error)
  // Headers are encoded into 64 KiB of memory.
  const large = error instanceof RangeError && text.startsWith('Encoded field table')
  return new WireError(large ? 'the headers take more than 64 KiB' : text, {
    kind: 'message',
    scope: 'message',
    replyCode: large ? 311 : undefined,
    cause: error,
  })
}
