import { adapterError } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { toAdapterError } from '../src/errors.js'
import { WireError, type WireErrorDetails } from '../src/wire/wire-error.js'

const server = (replyCode: number, text: string): WireError =>
  new WireError(text, { kind: 'server', scope: 'channel', replyCode })
const connection = (details: Partial<WireErrorDetails>): WireError =>
  new WireError('text', { kind: 'io', scope: 'connection', ...details })

describe('toAdapterError', () => {
  it.each([
    [404, "NOT_FOUND - no exchange 'orders' in vhost '/'", 'UNKNOWN_TOPIC', false],
    [403, "ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'anna'", 'DENIED', false],
    [405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'", 'BUSY', true],
    [311, 'CONTENT_TOO_LARGE', 'TOO_LARGE', false],
    [312, 'NO_ROUTE', 'UNROUTABLE', false],
    [
      406,
      'PRECONDITION_FAILED - message size 20000000 is larger than configured max size 16777216',
      'TOO_LARGE',
      false,
    ],
    [
      406,
      'PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 3000 ms',
      'DISCONNECTED',
      true,
    ],
    [406, 'PRECONDITION_FAILED - unknown delivery tag 7', 'DISCONNECTED', true],
    [
      406,
      "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'q' in vhost '/': none",
      'TOPOLOGY_MISMATCH',
      false,
    ],
    [540, 'NOT_IMPLEMENTED', 'UNSUPPORTED', false],
    [541, 'INTERNAL_ERROR', 'DISCONNECTED', true],
    [320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'", 'DISCONNECTED', true],
    [530, "NOT_ALLOWED - access to vhost '/' refused for user 'guest': connection limit (2) is reached", 'BUSY', true],
  ])('reads %i %s as %s', (replyCode, text, code, retryable) => {
    expect(toAdapterError(server(replyCode, text))).toMatchObject({ code, retryable, fatal: false, text })
  })

  it('says what was wanted and what is there', () => {
    const text =
      "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'a.b' in vhost '/': received the value '5' of type 'signedint' but current is none"
    expect(toAdapterError(server(406, text))).toMatchObject({
      code: 'TOPOLOGY_MISMATCH',
      scope: 'topic',
      text: 'queue "a.b": x-max-length wanted 5, found none',
    })
  })

  it.each([
    [connection({ kind: 'tls', errno: 'CERT_HAS_EXPIRED' }), 'DENIED', true, false],
    [connection({ kind: 'server', replyCode: 403 }), 'DENIED', true, false],
    [connection({ kind: 'server', replyCode: 530 }), 'DENIED', true, false],
    [connection({ kind: 'server', replyCode: 320 }), 'DISCONNECTED', false, true],
    [connection({ errno: 'ECONNREFUSED' }), 'DISCONNECTED', false, true],
    [connection({ errno: 'ETIMEDOUT' }), 'TIMEOUT', false, true],
    [connection({ kind: 'protocol' }), 'DISCONNECTED', false, true],
  ])('knows what only a person can mend: %o', (error, code, fatal, retryable) => {
    expect(toAdapterError(error, { connecting: true })).toMatchObject({ code, fatal, retryable, scope: 'connection' })
    expect(toAdapterError(error)).toMatchObject({ code, fatal: false })
  })

  it('knows what is only refused', () => {
    const message = (replyCode?: number): WireError => connection({ kind: 'message', scope: 'message', replyCode })
    expect(toAdapterError(message(311))).toMatchObject({ code: 'TOO_LARGE', scope: 'message' })
    expect(toAdapterError(message(506))).toMatchObject({ code: 'BUSY', retryable: true })
    expect(toAdapterError(message())).toMatchObject({ code: 'REFUSED', scope: 'message' })
  })

  it('takes the scope that it is given, keeps errors of the SPI, and wraps others with their cause', () => {
    expect(toAdapterError(server(404, 'x'), { scope: 'group' })).toMatchObject({ scope: 'group' })
    const error = adapterError('BUSY', 'taken')
    expect(toAdapterError(error)).toBe(error)
    const cause = new Error('odd')
    expect(toAdapterError(cause)).toMatchObject({ text: 'odd', cause })
  })
})
