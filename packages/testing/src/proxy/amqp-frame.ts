import { amqpMethodName } from './amqp-methods.js'
import type { Framer } from './framer.js'

/** One frame of AMQP 0-9-1. */
export interface AmqpFrame {
  readonly kind: 'protocol-header' | 'method' | 'header' | 'body' | 'heartbeat'
  readonly channel: number
  /** Of a method: its name, as in `basic.ack`. */
  readonly method: string | undefined
  /** Of basic.ack and basic.nack (either way), basic.reject, basic.deliver and basic.get-ok. */
  readonly deliveryTag: number | undefined
  /** Of basic.ack and basic.nack: whether it is about all tags up to that one. */
  readonly multiple: boolean | undefined
  /** Of a content header: how many bytes of body follow. */
  readonly bodyBytes: number | undefined
  /** The whole frame. */
  readonly bytes: Buffer
}

const kinds: Readonly<Record<number, AmqpFrame['kind']>> = { 1: 'method', 2: 'header', 3: 'body', 8: 'heartbeat' }
/** What a client says first: `AMQP` and a version. */
const protocolLetter = 0x41
const protocolHeaderBytes = 8
const headerBytes = 7

/** Frames of AMQP 0-9-1, as RabbitMQ speaks it. */
export const amqpFramer: Framer<AmqpFrame> = {
  headerBytes,
  lengthOf(bytes, offset) {
    const first = bytes[offset] ?? 0
    if (first === protocolLetter) return protocolHeaderBytes
    if (kinds[first] === undefined) return undefined
    // Type, channel, size; then the payload and one byte that ends it.
    return headerBytes + bytes.readUInt32BE(offset + 3) + 1
  },
  read: (bytes) => readFrame(bytes),
}

function readFrame(bytes: Buffer): AmqpFrame {
  const none = { method: undefined, deliveryTag: undefined, multiple: undefined, bodyBytes: undefined, bytes }
  if (bytes[0] === protocolLetter) return { ...none, kind: 'protocol-header', channel: 0 }
  const kind = kinds[bytes[0] ?? 0] ?? 'body'
  const channel = bytes.readUInt16BE(1)
  if (kind === 'header') return { ...none, kind, channel, bodyBytes: Number(bytes.readBigUInt64BE(headerBytes + 4)) }
  if (kind !== 'method') return { ...none, kind, channel }
  const method = amqpMethodName(bytes.readUInt16BE(headerBytes), bytes.readUInt16BE(headerBytes + 2))
  const at = tagOffset(bytes, method)
  if (at === undefined) return { ...none, kind, channel, method }
  const deliveryTag = Number(bytes.readBigUInt64BE(at))
  const isRange = method === 'basic.ack' || method === 'basic.nack'
  return { ...none, kind, channel, method, deliveryTag, multiple: isRange ? (bytes[at + 8] ?? 0) % 2 === 1 : undefined }
}

/** Behind class and method id; a delivery has the consumer's tag before it, a short text. */
function tagOffset(bytes: Buffer, method: string): number | undefined {
  const start = headerBytes + 4
  if (method === 'basic.deliver') return start + 1 + (bytes[start] ?? 0)
  return ['basic.ack', 'basic.nack', 'basic.reject', 'basic.get-ok'].includes(method) ? start : undefined
}

/** A `basic.nack` for the same messages as this `basic.ack`: a confirm that says no, as `{ replace }`. */
export function asNack({ method, channel, deliveryTag = 0, multiple = false }: AmqpFrame): Buffer {
  if (method !== 'basic.ack') throw new TypeError(`asNack needs a basic.ack, not ${method ?? 'a frame without method'}`)
  const bytes = Buffer.alloc(headerBytes + 13 + 1)
  bytes.writeUInt8(1, 0)
  bytes.writeUInt16BE(channel, 1)
  bytes.writeUInt32BE(13, 3)
  bytes.writeUInt16BE(60, headerBytes)
  bytes.writeUInt16BE(120, headerBytes + 2)
  bytes.writeBigUInt64BE(BigInt(deliveryTag), headerBytes + 4)
  bytes.writeUInt8(multiple ? 1 : 0, headerBytes + 12)
  bytes.writeUInt8(0xce, headerBytes + 13)
  return bytes
}
