import { channelOf, frame, frameType, payloadOf, typeOf, type Frame } from './frame.js'

/** Methods that the faults look at, each by its class and its number in it. */
export const method = {
  startOk: 0x000a000b,
  channelOpen: 0x0014000a,
  publish: 0x003c0028,
  return: 0x003c0032,
  ack: 0x003c0050,
  nack: 0x003c0078,
  confirmSelect: 0x0055000a,
} as const

/** The method of a frame; undefined for what is no method frame. */
export function methodOf(one: Frame): number | undefined {
  return typeOf(one) === frameType.method ? payloadOf(one).readUInt32BE(0) : undefined
}

const argumentsAt = 4

/** Where a publish goes. */
export interface PublishMethod {
  readonly exchange: string
  readonly routingKey: string
}

export function readPublish(one: Frame): PublishMethod {
  const payload = payloadOf(one)
  const exchange = readShort(payload, argumentsAt + 2)
  const routingKey = readShort(payload, exchange.end)
  return { exchange: exchange.text, routingKey: routingKey.text }
}

/** The answer of a broker to one publish, or to all up to it. */
export interface Confirm {
  readonly tag: number
  readonly multiple: boolean
  readonly ok: boolean
}

export function readConfirm(one: Frame): Confirm {
  const payload = payloadOf(one)
  return {
    tag: Number(payload.readBigUInt64BE(argumentsAt)),
    multiple: (payload.readUInt8(argumentsAt + 8) & 1) === 1,
    ok: methodOf(one) === method.ack,
  }
}

export function writeConfirm(channel: number, { tag, multiple, ok }: Confirm): Frame {
  const payload = Buffer.alloc(argumentsAt + 9)
  payload.writeUInt32BE(ok ? method.ack : method.nack, 0)
  payload.writeBigUInt64BE(BigInt(tag), argumentsAt)
  payload.writeUInt8(multiple ? 1 : 0, argumentsAt + 8)
  return frame(frameType.method, channel, payload)
}

/** What a broker answers to a mandatory publish that no queue is bound for; the header and the body of the publish follow. */
export function writeReturn(publish: Frame): Frame {
  const { exchange, routingKey } = readPublish(publish)
  const code = Buffer.alloc(argumentsAt + 2)
  code.writeUInt32BE(method.return, 0)
  code.writeUInt16BE(312, argumentsAt)
  const texts = ['NO_ROUTE', exchange, routingKey].map(short)
  return frame(frameType.method, channelOf(publish), Buffer.concat([code, ...texts]))
}

/** What a client calls its connection, from its answer to the greeting of the broker; undefined when it says nothing. */
export function readConnectionName(startOk: Frame): string | undefined {
  const payload = payloadOf(startOk)
  let at = argumentsAt + 4
  const end = at + payload.readUInt32BE(argumentsAt)
  while (at < end) {
    const name = readShort(payload, at)
    const kind = String.fromCharCode(payload.readUInt8(name.end))
    const size = sizeOfValue(payload, name.end + 1, kind)
    if (name.text === 'connection_name' && kind === 'S')
      return payload.toString('utf8', name.end + 5, name.end + 1 + size)
    at = name.end + 1 + size
  }
  return undefined
}

/** Bytes of fields by their kind; kinds that say their length themselves are not in it. */
const fixedSizes: Readonly<Record<string, number>> = {
  ...{ t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, l: 8, L: 8, f: 4, d: 8, D: 5, T: 8, V: 0 },
}

function sizeOfValue(payload: Buffer, at: number, kind: string): number {
  const fixed = fixedSizes[kind]
  if (fixed !== undefined) return fixed
  if (kind === 'S' || kind === 'x' || kind === 'F' || kind === 'A') return 4 + payload.readUInt32BE(at)
  throw new RangeError(`AMQP: no field is of the kind ${kind}`)
}

function readShort(payload: Buffer, at: number): { readonly text: string; readonly end: number } {
  const end = at + 1 + payload.readUInt8(at)
  return { text: payload.toString('utf8', at + 1, end), end }
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}
