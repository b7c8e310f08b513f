/** A whole frame of AMQP 0-9-1 with what wraps it: type, channel and size before its payload, one byte behind it. */
export type Frame = Buffer

export const frameType = { method: 1, header: 2, body: 3 } as const

const headBytes = 7
const frameEnd = 0xce

export const typeOf = (frame: Frame): number => frame.readUInt8(0)
export const channelOf = (frame: Frame): number => frame.readUInt16BE(1)
export const payloadOf = (frame: Frame): Buffer => frame.subarray(headBytes, -1)

export function frame(type: number, channel: number, payload: Buffer): Frame {
  const bytes = Buffer.allocUnsafe(headBytes + payload.length + 1)
  bytes.writeUInt8(type, 0)
  bytes.writeUInt16BE(channel, 1)
  bytes.writeUInt32BE(payload.length, 3)
  payload.copy(bytes, headBytes)
  bytes.writeUInt8(frameEnd, bytes.length - 1)
  return bytes
}
