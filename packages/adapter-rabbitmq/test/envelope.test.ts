import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8, type Outbound } from '@sluice/core/spi'
import { readEnvelope, writeEnvelope } from '../src/envelope.js'
import type { WireDelivery, WireProperties } from '../src/wire/port.js'

const outbound = (fields: Partial<Outbound> = {}): Outbound => ({
  id: 'm1',
  key: null,
  body: encodeUtf8('{}'),
  type: undefined,
  correlationId: undefined,
  contentType: 'application/json',
  timestampMs: 1_700_000_000_123,
  headers: [['sluice-version', '1']],
  bytes: 200,
  ...fields,
})

const delivered = (properties: WireProperties, content: Uint8Array = Buffer.from('{}')): WireDelivery => ({
  ...{ tag: 1, redelivered: false, exchange: 'orders', routingKey: '0' },
  ...{ properties, content },
})

const roundTrip = (fields: Partial<Outbound>): ReturnType<typeof readEnvelope> => {
  const { properties, content } = writeEnvelope(outbound(fields))
  return readEnvelope(delivered(properties, Buffer.from(content as Buffer)))
}

describe('an envelope in AMQP', () => {
  it('uses the standard properties, so that any client reads them', () => {
    const { properties } = writeEnvelope(outbound({ type: 'placed', correlationId: 'c-1' }))
    expect(properties).toMatchObject({
      messageId: 'm1',
      contentType: 'application/json',
      type: 'placed',
      correlationId: 'c-1',
      timestamp: 1_700_000_000,
      deliveryMode: 2,
    })
  })

  it('comes back as it went', () => {
    const headers = [
      ['x-a', 'ä'],
      ['x-bytes', Buffer.from([0, 255])],
    ] as const
    const read = roundTrip({ key: encodeUtf8('schlüssel'), type: 'placed', correlationId: 'c', headers })
    expect(read).toMatchObject({
      id: 'm1',
      type: 'placed',
      correlationId: 'c',
      timestampMs: 1_700_000_000_123,
      headers,
    })
    expect(decodeUtf8(read.key as Uint8Array)).toBe('schlüssel')
  })

  it('keeps a header that objects of JavaScript have a meaning for', () => {
    const headers = [
      ['__proto__', 'own'],
      ['constructor', 'too'],
    ] as const
    expect(roundTrip({ headers }).headers).toEqual(headers)
  })

  it.each([
    ['no key', null, null],
    ['an empty key', new Uint8Array(), ''],
    ['bytes that are no text', new Uint8Array([255, 254]), [255, 254]],
  ])('keeps %s', (_, key, expected) => {
    const read = roundTrip({ key }).key
    if (expected === null) expect(read).toBeNull()
    else expect([...(read as Uint8Array)]).toEqual([...Buffer.from(expected as string)])
  })

  it.each([
    ['made in the same millisecond', '018bcfe5-687b-7', 1_700_000_000_123, undefined],
    ['made in another millisecond', '018bcfe5-687c-7', 1_700_000_000_123, 123],
    ['made in another second', '018bcfe5-6c63-7', 1_700_000_000_123, 123],
    ['made within the second that the time says', '018bcfe5-687b-7', 1_700_000_000_000, 0],
    ['of another version', '018bcfe5-687b-4', 1_700_000_000_123, 123],
  ])('keeps the milliseconds of a message whose id was %s', (_, start, timestampMs, header) => {
    const id = `${start}00a-8000-000000000000`
    const { headers = {} } = writeEnvelope(outbound({ id, timestampMs, headers: [] })).properties
    expect(headers['sluice-ms']).toBe(header)
    expect(roundTrip({ id, timestampMs }).timestampMs).toBe(timestampMs)
  })

  it('takes the text of a body, and makes no bytes of it', () => {
    const texts = {
      ...outbound(),
      text: '{"a":"ä"}',
      get body(): never {
        throw new Error('nobody needs the bytes')
      },
    }
    expect(writeEnvelope(texts).content).toBe('{"a":"ä"}')
  })

  it('has no headers when there is nothing to say in them', () => {
    const { properties } = writeEnvelope(outbound({ timestampMs: 1_700_000_000_000, headers: [] }))
    expect(properties.headers).toBeUndefined()
  })

  it('tells a tombstone from an empty body', () => {
    expect(roundTrip({ body: null }).body).toBeNull()
    expect(roundTrip({ body: new Uint8Array() }).body).toHaveLength(0)
  })

  it('moves texts that are too long for a property into headers, and hides them', () => {
    const text = 'ü'.repeat(200)
    const written = writeEnvelope(outbound({ correlationId: text, type: text, contentType: text }))
    expect(written.properties.correlationId).toBeUndefined()
    const read = readEnvelope(delivered(written.properties))
    expect(read).toMatchObject({ correlationId: text, type: text, contentType: text })
    expect(read.headers).toEqual([['sluice-version', '1']])
  })

  it('reads what others have written, and leaves out what the broker has added', () => {
    const table = {
      ...{ n: 5, yes: true, list: [1, 'a'], nothing: null, text: 'x' },
      ...{ 'x-death': [{ queue: 'q' }], 'x-delivery-count': 2, 'x-first-death-queue': 'q' },
    }
    const read = readEnvelope(delivered({ headers: table, messageId: '' }))
    expect(read).toMatchObject({ id: undefined, timestampMs: undefined, key: null })
    expect(read.headers).toEqual([
      ['n', '5'],
      ['yes', 'true'],
      ['list', '[1,"a"]'],
      ['text', 'x'],
    ])
  })

  it('copies what AMQP carries beyond an envelope, but neither an expiry nor a user who may be another', () => {
    const native = {
      headers: { n: 5, list: [1] },
      priority: 3,
      appId: 'shop',
      replyTo: 'r',
      expiration: '5',
      userId: 'u',
    }
    const origin = readEnvelope(delivered(native))
    const copy = outbound({ headers: [...origin.headers, ['sluice-reason', 'x']], copyOf: origin as unknown as never })
    const { properties } = writeEnvelope(copy)
    expect(properties).toMatchObject({ priority: 3, appId: 'shop', replyTo: 'r' })
    expect(properties.headers).toMatchObject({ n: 5, list: [1], 'sluice-reason': 'x' })
    expect(properties).not.toHaveProperty('expiration')
    expect(properties).not.toHaveProperty('userId')
  })
})
