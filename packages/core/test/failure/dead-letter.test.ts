import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deadLetterEnvelope } from '../../src/failure/dead-letter.js'
import { envelopeBytes, publishLimit } from '../../src/kit/envelope-size.js'
import type { HeaderList } from '../../src/model/headers.js'
import type { Inbound } from '../../src/spi/envelope.js'

const ref = { topic: 'orders', group: 'billing' }

function inbound(bodyBytes: number, headers: HeaderList = []): Inbound {
  const body = new Uint8Array(bodyBytes).fill(7)
  const key = new Uint8Array([1])
  return {
    claim: { partition: 3, epoch: 1, exclusive: true, holdMs: Infinity },
    ...{ position: '42', id: 'm1', key, body, contentType: 'application/json', type: 'placed', correlationId: 'c' },
    ...{
      timestampMs: 1,
      headers,
      bytes: envelopeBytes(body, key, headers),
      failures: 0,
      handovers: 0,
      starts: 0,
      core: undefined,
    },
  }
}

const facts = (message: Inbound, error: unknown, maxBytes: number) => ({
  work: { inbound: message, failures: 4, firstFailureAt: 100, lastFailureAt: 200 },
  ...{ error, ref, nowMs: 300, maxBytes },
})

const asRecord = (headers: HeaderList): Record<string, unknown> => Object.fromEntries(headers)

describe('deadLetterEnvelope', () => {
  test('keeps the message as it came and says where from, why and how often', () => {
    const native: HeaderList = [
      ['tenant', 'a'],
      ['raw', new Uint8Array([255])],
      ['tenant', 'b'],
    ]
    const message = inbound(10, native)
    const letter = deadLetterEnvelope(facts(message, new TypeError('boom'), 1_000_000))
    expect(letter).toMatchObject({
      id: 'm1',
      key: message.key,
      body: message.body,
      type: 'placed',
      correlationId: 'c',
      timestampMs: 1,
    })
    expect(letter.headers.slice(0, 3)).toEqual(native)
    expect(letter.copyOf).toBe(message)
    expect(letter.bytes).toBe(envelopeBytes(letter.body, letter.key, letter.headers))
    const headers = asRecord(letter.headers)
    expect(headers).toMatchObject({
      'sluice-origin-topic': 'orders',
      'sluice-origin-group': 'billing',
      'sluice-origin-partition': '3',
      'sluice-origin-position': '42',
      'sluice-attempts': '4',
      'sluice-first-failure-ms': '100',
      'sluice-last-failure-ms': '200',
      'sluice-reason': 'TypeError',
      'sluice-error-name': 'TypeError',
      'sluice-error-message': 'boom',
    })
    expect(headers['sluice-error-stack']).toContain('dead-letter.test')
  })

  test('an earlier dead-lettering leaves nothing behind but the count of redrives', () => {
    const old: HeaderList = [
      ['sluice-attempts', '10'],
      ['sluice-error-message', 'old'],
      ['sluice-redriven', '1'],
    ]
    const letter = deadLetterEnvelope(facts(inbound(1, old), new Error('new'), 1_000_000))
    expect(letter.headers.filter(([name]) => name === 'sluice-attempts')).toEqual([['sluice-attempts', '4']])
    expect(asRecord(letter.headers)).toMatchObject({ 'sluice-redriven': '1', 'sluice-error-message': 'new' })
  })

  test('never exceeds the limit of the broker, whatever the error says, for a message of the size that publish accepts', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 5_000 }),
        fc.string({ unit: 'binary', maxLength: 9_000 }),
        fc.nat(200),
        (message, stack, spare) => {
          const maxBytes = 20_000
          const error = new Error(message)
          error.stack = stack
          const whole = inbound(0)
          const body = publishLimit(maxBytes) - whole.bytes - spare
          const letter = deadLetterEnvelope(facts(inbound(body), error, maxBytes))
          expect(envelopeBytes(letter.body, letter.key, letter.headers)).toBeLessThanOrEqual(maxBytes)
          expect(asRecord(letter.headers)['sluice-reason']).toBe('Error')
          for (const [, value] of letter.headers) expect((value as string).isWellFormed()).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('caps the texts of an error of megabytes', () => {
    const error = new Error('€'.repeat(1_000_000))
    const headers = asRecord(deadLetterEnvelope(facts(inbound(1), error, 10_000_000)).headers)
    expect(Buffer.byteLength(headers['sluice-error-message'] as string)).toBeLessThanOrEqual(1_024)
    expect(headers['sluice-error-message']).toMatch(/^€+$/)
    expect(Buffer.byteLength(headers['sluice-error-stack'] as string)).toBeLessThanOrEqual(2_048)
  })

  test.each([[undefined], [null], ['text'], [7n], [{ a: 1 }]])('takes anything that can be thrown: %s', (thrown) => {
    expect(asRecord(deadLetterEnvelope(facts(inbound(1), thrown, 1_000_000)).headers)['sluice-reason']).toBe(
      'HANDLER_FAILED',
    )
  })
})
