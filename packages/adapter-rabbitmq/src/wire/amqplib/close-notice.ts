import { WireError } from '../wire-error.js'

const METHOD = 1
const CONNECTION_CLOSE = 0x0a_0032
/** What precedes and follows the payload of a frame. */
const HEAD_BYTES = 7
const TAIL_BYTES = 1
/** A handshake takes less than 2 kB. */
const LONGEST_BYTES = 65_536

/**
 * What the broker says when it ends a handshake. amqplib tells of it in one of several places with a text only, and for a missing vhost
 * not even that, so the bytes are kept until the handshake is over.
 */
export class CloseNotice {
  readonly #bytes: Uint8Array[] = []
  #length = 0

  add(bytes: Uint8Array): void {
    if (this.#length > LONGEST_BYTES) return
    // amqplib gets the same bytes, and only reads them.
    this.#bytes.push(bytes)
    this.#length += bytes.length
  }

  /** `undefined` when the broker has not said anything. */
  read(): WireError | undefined {
    const bytes = Buffer.concat(this.#bytes)
    for (let at = 0; at + HEAD_BYTES <= bytes.length;) {
      const end = at + HEAD_BYTES + bytes.readUInt32BE(at + 3)
      if (end + TAIL_BYTES > bytes.length) return undefined
      const notice = bytes[at] === METHOD ? readClose(bytes.subarray(at + HEAD_BYTES, end)) : undefined
      if (notice !== undefined) return notice
      at = end + TAIL_BYTES
    }
    return undefined
  }
}

/** Payload: method number, reply code, reply text with its length in one byte, and what it is about. */
function readClose(payload: Buffer): WireError | undefined {
  if (payload.length < 7 || payload.readUInt32BE(0) !== CONNECTION_CLOSE) return undefined
  const replyCode = payload.readUInt16BE(4)
  const text = payload.toString('utf8', 7, 7 + payload.readUInt8(6))
  return new WireError(text, { kind: 'server', scope: 'connection', replyCode })
}
