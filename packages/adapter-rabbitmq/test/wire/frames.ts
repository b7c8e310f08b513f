/** What a broker sends, byte by byte: enough of AMQP 0-9-1 for a scripted one. */

export const METHOD = 1
export const HEADER = 2
export const BODY = 3
const HEARTBEAT = 8
const FRAME_END = 0xce

export function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7)
  head.writeUInt8(type, 0)
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, Buffer.of(FRAME_END)])
}

export const u8 = (value: number): Buffer => Buffer.of(value)
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
export const short = (text: string): Buffer => Buffer.concat([u8(Buffer.byteLength(text)), Buffer.from(text)])
const long = (text: string): Buffer => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)])
/** Values are texts. */
function table(values: Readonly<Record<string, string>>): Buffer {
  const fields = Object.entries(values).map(([name, value]) =>
    Buffer.concat([short(name), Buffer.from('S'), long(value)]),
  )
  const content = Buffer.concat(fields)
  return Buffer.concat([u32(content.length), content])
}

/** `id`: class and method number. */
export const method = (channel: number, id: number, ...args: readonly Buffer[]): Buffer =>
  frame(METHOD, channel, Buffer.concat([u32(id), ...args]))

export const id = {
  start: 0x0a_000a,
  startOk: 0x0a_000b,
  tune: 0x0a_001e,
  tuneOk: 0x0a_001f,
  open: 0x0a_0028,
  openOk: 0x0a_0029,
  close: 0x0a_0032,
  closeOk: 0x0a_0033,
  blocked: 0x0a_003c,
  unblocked: 0x0a_003d,
  channelOpen: 0x14_000a,
  channelOpenOk: 0x14_000b,
  channelFlow: 0x14_0014,
  channelFlowOk: 0x14_0015,
  channelClose: 0x14_0028,
  channelCloseOk: 0x14_0029,
  queueDeclare: 0x32_000a,
  queueDeclareOk: 0x32_000b,
  consume: 0x3c_0014,
  consumeOk: 0x3c_0015,
  cancel: 0x3c_001e,
  publish: 0x3c_0028,
  returned: 0x3c_0032,
  deliver: 0x3c_003c,
  get: 0x3c_0046,
  getOk: 0x3c_0047,
  ack: 0x3c_0050,
  nack: 0x3c_0078,
  confirmSelect: 0x55_000a,
  confirmSelectOk: 0x55_000b,
} as const

export const start = (): Buffer =>
  method(0, id.start, u8(0), u8(9), table({ product: 'Script', version: '1' }), long('PLAIN AMQPLAIN'), long('en_US'))
export const tune = (heartbeat = 0, frameMax = 131_072): Buffer =>
  method(0, id.tune, u16(2_047), u32(frameMax), u16(heartbeat))
export const openOk = (): Buffer => method(0, id.openOk, short(''))
export const close = (code: number, text: string): Buffer => method(0, id.close, u16(code), short(text), u16(0), u16(0))
export const channelClose = (channel: number, code: number, text: string): Buffer =>
  method(channel, id.channelClose, u16(code), short(text), u16(0), u16(0))
/** A message without properties. */
export const content = (channel: number, body: Buffer): Buffer =>
  Buffer.concat([
    frame(HEADER, channel, Buffer.concat([u16(60), u16(0), u64(body.length), u16(0)])),
    body.length === 0 ? body : frame(BODY, channel, body),
  ])
export const delivery = (channel: number, consumer: string, tag: number, body: Buffer): Buffer =>
  Buffer.concat([
    method(channel, id.deliver, short(consumer), u64(tag), u8(0), short('exchange'), short('key')),
    content(channel, body),
  ])
export const confirm = (channel: number, tag: number, multiple = false): Buffer =>
  method(channel, id.ack, u64(tag), u8(multiple ? 1 : 0))
export const heartbeat = (): Buffer => frame(HEARTBEAT, 0, Buffer.alloc(0))
