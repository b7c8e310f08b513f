import { Buffer } from 'node:buffer'
import type { HeaderList } from '@sluice/core/spi'

/** Headers that this adapter writes and reads beside those of core. Short, because they travel with every message. */
export const wireHeaders = {
  /** The ordering key: text where the bytes are UTF-8, else bytes. */
  key: 'sluice-key',
  /** There is no body: AMQP knows only empty ones. */
  tombstone: 'sluice-tombstone',
  /** The milliseconds of the time stamp, which AMQP counts in seconds, where the id does not tell them. */
  milliseconds: 'sluice-ms',
  /** Where the text is too long for the property of AMQP (255 bytes). */
  type: 'sluice-type',
  correlationId: 'sluice-correlation-id',
  contentType: 'sluice-content-type',
  /** The header of somebody's that is called `__proto__`: AMQP libraries for JavaScript lose it. */
  proto: 'sluice-proto',
  /** Tells two publishes with one id apart when they come back as unroutable. */
  publish: 'sluice-publish',
} as const

/** What the broker writes into headers about the way of a message: nothing that somebody has sent. */
const brokerHeaders: ReadonlySet<string> = new Set([
  ...['x-death', 'x-delivery-count', 'x-acquired-count', 'x-opt-rabbitmq-delivery-time'],
  ...['x-first-death-exchange', 'x-first-death-queue', 'x-first-death-reason'],
  ...['x-last-death-exchange', 'x-last-death-queue', 'x-last-death-reason'],
])

const ownHeaders: ReadonlySet<string> = new Set(Object.values(wireHeaders))

const none: HeaderList = Object.freeze([])

type Native = Readonly<Record<string, unknown>>

/** The list that core sees: without what the broker and this adapter have written. Values that are neither text nor bytes become text. */
export function readHeaderList(headers: Native | undefined): HeaderList {
  if (headers === undefined) return none
  let list: (readonly [string, string | Uint8Array])[] | undefined
  for (const name in headers) {
    const given = name === wireHeaders.proto ? '__proto__' : name
    if (ownHeaders.has(given) || brokerHeaders.has(given)) continue
    const value = readValue(headers[name])
    if (value !== undefined) (list ??= []).push([given, value])
  }
  return list ?? none
}

/** For AMQP, with what the broker's own format carried where nobody has changed it. */
export function writeHeaderTable(list: HeaderList, native: Native | undefined): Record<string, unknown> {
  const table: Record<string, unknown> = {}
  for (let index = 0; index < list.length; index += 1) {
    const header = list[index] as HeaderList[number]
    const name = header[0] === '__proto__' ? wireHeaders.proto : header[0]
    const value = header[1]
    const before = native !== undefined && Object.hasOwn(native, name) ? native[name] : undefined
    if (before !== undefined && isSame(readValue(before), value)) table[name] = before
    else table[name] = typeof value === 'string' ? value : asBuffer(value)
  }
  return table
}

/** The same memory as a Buffer, which is what AMQP libraries take. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readValue(value: unknown): string | Uint8Array | undefined {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value === null || value === undefined) return undefined
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}

function isSame(a: string | Uint8Array | undefined, b: string | Uint8Array): boolean {
  if (typeof a === 'string' || typeof b === 'string' || a === undefined) return a === b
  return asBuffer(a).equals(b)
}
