import { Buffer } from 'node:buffer'
import type { WireMessage, WireProperties } from '../port.js'

/** Longest name, key or property: a length of one byte. */
const LONGEST_SHORT = 255
/** Below it a loop is faster than a call into the engine. */
const LOOP_CHARACTERS = 64
/** Above it the bytes of a text are counted, instead of taken for as many as they can be. */
const COUNT_CHARACTERS = 1_024
/** A frame without its payload: type, channel and size before it, a mark behind it. */
const FRAME_BYTES = 8
const FRAME_END = 0xce
/** A channel's method frame and header frame with no text in them, and the frame around the body; rounded up. */
const FIXED_BYTES = 128
const frameType = { method: 1, header: 2, body: 3 } as const
const PUBLISH_METHOD = 0x3c_0028
const BASIC_CLASS = 0x3c

const flag = {
  contentType: 1 << 15,
  contentEncoding: 1 << 14,
  headers: 1 << 13,
  deliveryMode: 1 << 12,
  priority: 1 << 11,
  correlationId: 1 << 10,
  replyTo: 1 << 9,
  expiration: 1 << 8,
  messageId: 1 << 7,
  timestamp: 1 << 6,
  type: 1 << 5,
  userId: 1 << 4,
  appId: 1 << 3,
} as const

/** What it may take at most; Infinity where only the library can tell, or refuse. */
export function mostBytes({ exchange, routingKey, properties, content }: WireMessage): number {
  const texts = exchange.length + routingKey.length + textLength(properties)
  return FIXED_BYTES + 3 * texts + mostHeaderBytes(properties.headers) + mostContentBytes(content)
}

/**
 * The three frames of a publish, written into `into` from `start` on, where there is room for {@link mostBytes}. Returns the end, or -1
 * when the library has to encode it: it has a text that is too long, or a frame would be larger than `frameMax`.
 */
export function encodePublish(
  into: Buffer,
  start: number,
  message: WireMessage,
  channel: number,
  frameMax: number,
): number {
  const { exchange, routingKey, mandatory, properties, content } = message
  const most = frameMax === 0 ? Infinity : frameMax - FRAME_BYTES
  let at = beginFrame(into, start, frameType.method, channel)
  at = into.writeUInt32BE(PUBLISH_METHOD, at)
  at = into.writeUInt16BE(0, at)
  at = writeShort(into, at, exchange)
  at = writeShort(into, at, routingKey)
  if (at === -1) return -1
  into[at] = mandatory ? 1 : 0
  at = endFrame(into, start, at + 1)
  const header = at
  at = beginFrame(into, header, frameType.header, channel)
  at = into.writeUInt32BE(BASIC_CLASS << 16, at)
  at = into.writeUInt32BE(0, at)
  const size = at
  at = writeProperties(into, size + 4, properties)
  if (at === -1 || at - header - FRAME_BYTES + 1 > most) return -1
  at = endFrame(into, header, at)
  const body = at
  at = beginFrame(into, body, frameType.body, channel)
  const end = writeContent(into, at, content)
  into.writeUInt32BE(end - at, size)
  if (end === at) return body
  return end - at > most ? -1 : endFrame(into, body, end)
}

function beginFrame(into: Buffer, at: number, type: number, channel: number): number {
  into[at] = type
  into.writeUInt16BE(channel, at + 1)
  return at + FRAME_BYTES - 1
}

function endFrame(into: Buffer, start: number, end: number): number {
  into.writeUInt32BE(end - start - FRAME_BYTES + 1, start + 3)
  into[end] = FRAME_END
  return end + 1
}

function writeContent(into: Buffer, at: number, content: Uint8Array | string): number {
  if (typeof content === 'string') return at + into.write(content, at)
  into.set(content, at)
  return at + content.length
}

function writeProperties(into: Buffer, start: number, properties: WireProperties): number {
  const { headers, deliveryMode, priority, timestamp } = properties
  let flags = 0
  let at = start + 2
  const text = (value: string | undefined, bit: number): void => {
    if (value === undefined) return
    flags |= bit
    at = writeShort(into, at, value)
  }
  text(properties.contentType, flag.contentType)
  text(properties.contentEncoding, flag.contentEncoding)
  if (headers !== undefined && at !== -1) {
    flags |= flag.headers
    at = writeTable(into, at, headers)
  }
  if (deliveryMode !== undefined && at !== -1) {
    flags |= flag.deliveryMode
    into[at++] = deliveryMode
  }
  if (priority !== undefined && at !== -1) {
    flags |= flag.priority
    into[at++] = priority
  }
  text(properties.correlationId, flag.correlationId)
  text(properties.replyTo, flag.replyTo)
  text(properties.expiration, flag.expiration)
  text(properties.messageId, flag.messageId)
  if (timestamp !== undefined && at !== -1) {
    flags |= flag.timestamp
    at = writeLongLong(into, at, timestamp)
  }
  text(properties.type, flag.type)
  text(properties.userId, flag.userId)
  text(properties.appId, flag.appId)
  into.writeUInt16BE(flags, start)
  return at
}

/** Only of what {@link mostHeaderBytes} knows. */
function writeTable(into: Buffer, start: number, headers: Readonly<Record<string, unknown>>): number {
  let at = start + 4
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined) continue
    at = writeShort(into, at, name)
    if (at === -1) return -1
    if (typeof value === 'string') {
      const length = at + 1
      into[at] = 0x53
      at = writeText(into, at + 5, value)
      into.writeUInt32BE(at - length - 4, length)
    } else if (typeof value === 'number') at = writeInteger(into, at, value)
    else if (typeof value === 'boolean') {
      into[at++] = 0x74
      into[at++] = value ? 1 : 0
    } else {
      const bytes = value as Uint8Array
      into[at] = 0x78
      into.writeUInt32BE(bytes.length, at + 1)
      into.set(bytes, at + 5)
      at += 5 + bytes.length
    }
  }
  into.writeUInt32BE(at - start - 4, start)
  return at
}

/** In as few bytes as hold it, as the library does. */
function writeInteger(into: Buffer, at: number, value: number): number {
  if (value >= -0x80 && value < 0x80) {
    into[at] = 0x62
    return into.writeInt8(value, at + 1)
  }
  if (value >= -0x80_00 && value < 0x80_00) {
    into[at] = 0x73
    return into.writeInt16BE(value, at + 1)
  }
  into[at] = 0x49
  return into.writeInt32BE(value, at + 1)
}

function writeLongLong(into: Buffer, at: number, value: number): number {
  into.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  return into.writeUInt32BE(value % 2 ** 32, at + 4)
}

/** -1 when it does not fit, or what came before did not. */
function writeShort(into: Buffer, at: number, text: string): number {
  if (at === -1) return -1
  const end = writeText(into, at + 1, text)
  const length = end - at - 1
  if (length > LONGEST_SHORT) return -1
  into[at] = length
  return end
}

function writeText(into: Buffer, start: number, text: string): number {
  const { length } = text
  if (length > LOOP_CHARACTERS) return start + into.write(text, start)
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) return start + into.write(text, start)
    into[start + index] = code
  }
  return start + length
}

function mostContentBytes(content: Uint8Array | string): number {
  if (typeof content !== 'string') return content.length
  return content.length > COUNT_CHARACTERS ? Buffer.byteLength(content) : 3 * content.length
}

function textLength(properties: WireProperties): number {
  const { contentType, contentEncoding, correlationId, replyTo } = properties
  const { expiration, messageId, type, userId, appId, deliveryMode, priority, timestamp } = properties
  if (!isByte(deliveryMode) || !isByte(priority) || !isLongLong(timestamp)) return Infinity
  return (
    lengthOf(contentType) +
    lengthOf(contentEncoding) +
    lengthOf(correlationId) +
    lengthOf(replyTo) +
    lengthOf(expiration) +
    lengthOf(messageId) +
    lengthOf(type) +
    lengthOf(userId) +
    lengthOf(appId)
  )
}

const lengthOf = (text: string | undefined): number => (text === undefined ? 0 : text.length)

const isByte = (value: number | undefined): boolean =>
  value === undefined || (Number.isInteger(value) && value >= 0 && value <= 0xff)

const isLongLong = (value: number | undefined): boolean =>
  value === undefined || (Number.isSafeInteger(value) && value >= 0)

/** Text, bytes, yes and no, and integers of 32 bits; anything else that AMQP has comes from a foreign message, and is left to the library. */
function mostHeaderBytes(headers: WireProperties['headers']): number {
  if (headers === undefined) return 0
  let bytes = 4
  for (const name in headers) {
    const value = headers[name]
    bytes += 3 * name.length + 6
    if (typeof value === 'string') bytes += 3 * value.length
    else if (typeof value === 'object') bytes += value instanceof Uint8Array ? value.length : Infinity
    else if (typeof value === 'number') bytes += (value | 0) === value ? 0 : Infinity
    else if (typeof value !== 'boolean' && value !== undefined) bytes = Infinity
  }
  return bytes
}
