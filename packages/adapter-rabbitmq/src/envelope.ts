import { Buffer } from 'node:buffer'
import { decodeUtf8, encodeUtf8, envelopeBytes, type HeaderList, type Outbound } from '@sluice/core/spi'
import { asBuffer, readHeaderList, wireHeaders, writeHeaderTable } from './envelope-headers.js'
import { millisecondsOfId } from './id-time.js'
import type { WireDelivery, WireProperties } from './wire/port.js'

/** Longest text of a property: a length of one byte. */
const LONGEST_SHORT_TEXT = 255
const noBody = Buffer.alloc(0)

/** What AMQP carries and an envelope does not: kept on the way from a delivery to a copy of it. */
export interface NativeParts {
  readonly native: WireProperties
}

/** A message that came from the broker, without what belongs to the hand-over. */
export interface ReadEnvelope extends NativeParts {
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  readonly id: string | undefined
  readonly type: string | undefined
  readonly correlationId: string | undefined
  readonly contentType: string | undefined
  readonly timestampMs: number | undefined
  readonly headers: HeaderList
  readonly bytes: number
}

export interface WrittenEnvelope {
  readonly properties: WireProperties
  readonly content: Buffer | string
}

/** In AMQP's own properties, so that any client reads them; persistent. */
export function writeEnvelope(envelope: Outbound): WrittenEnvelope {
  const { key, id, contentType, type, correlationId, timestampMs, text } = envelope
  // First the text: to ask for the body would make bytes of it.
  const body = text ?? envelope.body
  const native = nativeOf(envelope.copyOf)
  const headers = writeHeaderTable(envelope.headers, native?.headers)
  const milliseconds = timestampMs % 1000
  const timestamp = (timestampMs - milliseconds) / 1000
  if (milliseconds !== (millisecondsOfId(id, timestamp) ?? 0)) headers[wireHeaders.milliseconds] = milliseconds
  if (key !== null) headers[wireHeaders.key] = decodeUtf8(key) ?? asBuffer(key)
  if (body === null) headers[wireHeaders.tombstone] = true
  const properties = {
    contentType: short(contentType, headers, wireHeaders.contentType),
    contentEncoding: native?.contentEncoding,
    headers: isEmpty(headers) ? undefined : headers,
    deliveryMode: 2,
    priority: native?.priority,
    correlationId: short(correlationId, headers, wireHeaders.correlationId),
    replyTo: native?.replyTo,
    messageId: id === '' ? undefined : id,
    timestamp,
    type: short(type, headers, wireHeaders.type),
    appId: native?.appId,
  }
  return { properties, content: body === null ? noBody : typeof body === 'string' ? body : asBuffer(body) }
}

export function readEnvelope({ properties, content }: WireDelivery): ReadEnvelope {
  const native = properties
  const { headers: table, messageId, timestamp } = native
  const headers = readHeaderList(table)
  const key = readKey(table?.[wireHeaders.key])
  const body = table?.[wireHeaders.tombstone] === true ? null : content
  return {
    native,
    key,
    body,
    id: messageId === '' ? undefined : messageId,
    type: long(table, wireHeaders.type) ?? native.type,
    correlationId: long(table, wireHeaders.correlationId) ?? native.correlationId,
    contentType: long(table, wireHeaders.contentType) ?? native.contentType,
    timestampMs: timestamp === undefined ? undefined : timestamp * 1000 + millisecondsOf(table, messageId, timestamp),
    headers,
    bytes: envelopeBytes(body, key, headers),
  }
}

function nativeOf(origin: Outbound['copyOf']): WireProperties | undefined {
  if (origin === undefined || !('native' in origin)) return undefined
  return (origin as unknown as NativeParts).native
}

/** Where a property has no room for the text, a header has. */
function short(text: string | undefined, headers: Record<string, unknown>, header: string): string | undefined {
  if (text === undefined || text.length * 3 <= LONGEST_SHORT_TEXT) return text
  if (Buffer.byteLength(text) <= LONGEST_SHORT_TEXT) return text
  headers[header] = text
  return undefined
}

function long(table: WireProperties['headers'], header: string): string | undefined {
  const value = table?.[header]
  return typeof value === 'string' ? value : undefined
}

function readKey(value: unknown): Uint8Array | null {
  if (typeof value === 'string') return encodeUtf8(value)
  return value instanceof Uint8Array ? value : null
}

function millisecondsOf(table: WireProperties['headers'], id: string | undefined, seconds: number): number {
  const value = table?.[wireHeaders.milliseconds]
  if (typeof value === 'number' && value >= 0 && value < 1000) return value
  return (id === undefined ? undefined : millisecondsOfId(id, seconds)) ?? 0
}

function isEmpty(headers: object): boolean {
  for (const _ in headers) return false
  return true
}
