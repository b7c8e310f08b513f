import { payloadOf, type Frame } from './frame.js'

/** What stands before the body of a message. */
export interface ContentHeader {
  readonly bodyBytes: number
  readonly messageId: string | undefined
}

/** The properties before the message id, in the order of their flags: texts of up to 255 bytes, but for these. */
const messageIdFlag = 0x0080
const before = [
  { flag: 0x8000, kind: 'text' },
  { flag: 0x4000, kind: 'text' },
  { flag: 0x2000, kind: 'table' },
  { flag: 0x1000, kind: 'octet' },
  { flag: 0x0800, kind: 'octet' },
  { flag: 0x0400, kind: 'text' },
  { flag: 0x0200, kind: 'text' },
  { flag: 0x0100, kind: 'text' },
] as const

export function readContentHeader(one: Frame): ContentHeader {
  const payload = payloadOf(one)
  const bodyBytes = Number(payload.readBigUInt64BE(4))
  const flags = payload.readUInt16BE(12)
  if ((flags & messageIdFlag) === 0) return { bodyBytes, messageId: undefined }
  let at = 14
  for (const { flag, kind } of before) {
    if ((flags & flag) === 0) continue
    if (kind === 'text') at += 1 + payload.readUInt8(at)
    else if (kind === 'table') at += 4 + payload.readUInt32BE(at)
    else at += 1
  }
  return { bodyBytes, messageId: payload.toString('utf8', at + 1, at + 1 + payload.readUInt8(at)) }
}
