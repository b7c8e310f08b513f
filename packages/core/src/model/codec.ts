import { encodeText } from './text-bytes.js'

/**
 * Turns payloads into bytes and back. Decoding picks the codec by the content type of the message, so a consumer may read several.
 * Both functions are synchronous and may throw: on publish that is NOT_SERIALIZABLE, on consume the message is dead-lettered as UNDECODABLE.
 */
export interface Codec {
  /** Written with each message, for example `application/json`. */
  readonly contentType: string
  encode(payload: unknown): Uint8Array
  decode(body: Uint8Array): unknown
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The default codec, with the rules of JSON.stringify: a payload that has no JSON form (undefined, a function, circular, BigInt) is refused; inside of it undefined and functions are left out. */
export const jsonCodec: Codec = {
  contentType: 'application/json',
  encode: (payload) => encodeText(encodeJson(payload)),
  decode: (body) => decodeJson(decoder.decode(body)),
}

/** What {@link jsonCodec} makes bytes of. Always well-formed, so bytes and text say the same. */
export function encodeJson(payload: unknown): string {
  const text: string | undefined = JSON.stringify(payload)
  if (text === undefined) throw new TypeError(`${typeof payload} has no JSON form`)
  return text
}

export const decodeJson = (text: string): unknown => JSON.parse(text)

/** Bytes as they are. */
export const bytesCodec: Codec = {
  contentType: 'application/octet-stream',
  encode(payload) {
    if (!(payload instanceof Uint8Array)) throw new TypeError('the bytes codec takes a Uint8Array')
    // Not `slice`: that of a Buffer shares its memory.
    return new Uint8Array(payload)
  },
  decode: (body) => body,
}
