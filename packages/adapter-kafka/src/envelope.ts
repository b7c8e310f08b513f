import { Buffer } from 'node:buffer'
import { decodeUtf8, encodeUtf8, envelopeBytes, type HeaderList, type Outbound } from '@sluice/core/spi'
import type { KafkaRecord, RecordHeaders } from './wire/records/record.js'

/** What Kafka has no field for travels in headers. Short, because they come with every message. */
const names = {
  id: 'sluice-id',
  type: 'sluice-type',
  correlationId: 'sluice-correlation-id',
  /** As HTTP and CloudEvents call it, so that others find it. */
  contentType: 'content-type',
} as const

const own: ReadonlySet<string> = new Set(Object.values(names))
const noHeaders: HeaderList = Object.freeze([])

/** A message that came from the broker, without what belongs to the hand-over. */
export interface ReadEnvelope {
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  readonly id: string | undefined
  readonly type: string | undefined
  readonly correlationId: string | undefined
  readonly contentType: string | undefined
  readonly timestampMs: number
  readonly headers: HeaderList
  readonly bytes: number
}

export function writeRecord({
  id,
  key,
  body,
  type,
  correlationId,
  contentType,
  headers,
  timestampMs,
}: Outbound): KafkaRecord {
  const list: [string, Uint8Array][] = []
  for (const [name, value] of headers) list.push([name, typeof value === 'string' ? encodeUtf8(value) : value])
  // Behind those of the application, which may have one of the same name: the last one is ours.
  list.push([names.contentType, encodeUtf8(contentType)])
  if (id !== '') list.push([names.id, encodeUtf8(id)])
  if (type !== undefined) list.push([names.type, encodeUtf8(type)])
  if (correlationId !== undefined) list.push([names.correlationId, encodeUtf8(correlationId)])
  return { key, value: body, headers: list, timestampMs }
}

export function readRecord({ key, value, headers, timestampMs }: KafkaRecord): ReadEnvelope {
  const list = readHeaders(headers)
  return {
    ...{ key, body: value, timestampMs, headers: list },
    id: textOf(headers, names.id),
    type: textOf(headers, names.type),
    correlationId: textOf(headers, names.correlationId),
    contentType: textOf(headers, names.contentType),
    bytes: envelopeBytes(value, key, list),
  }
}

/** Of those that say the same the last one counts, as it does everywhere else. */
function textOf(headers: RecordHeaders, name: string): string | undefined {
  const value = headers.findLast((header) => header[0] === name)?.[1]
  return value === undefined || value === null ? undefined : decodeUtf8(value)
}

/** Text where the bytes are text. A header without a value is left out: core has none such. */
function readHeaders(headers: RecordHeaders): HeaderList {
  const list: (readonly [string, string | Uint8Array])[] = []
  const seen = new Set<string>()
  for (const [name, value] of headers.toReversed()) {
    const isOwn = own.has(name) && !seen.has(name)
    seen.add(name)
    if (!isOwn && value !== null) list.push([name, decodeUtf8(value) ?? Buffer.from(value)])
  }
  return list.length === 0 ? noHeaders : list.toReversed()
}
