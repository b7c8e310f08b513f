import { utf8Length } from '../kit/utf8.js'
import { envelopeBytes } from '../kit/envelope-size.js'
import type { HeaderList } from '../model/headers.js'
import { encodeText } from '../model/text-bytes.js'
import type { Outbound } from '../spi/envelope.js'
import type { Entry } from './entry.js'

/** Size of a message for buffers, windows and limits. */
export function sizeOf(entry: Entry): number {
  const { key, body, common } = entry
  const { type, correlationId, headers } = common
  const keySize = key === null ? 0 : typeof key === 'string' ? utf8Length(key) : key.length
  return (body?.length ?? 0) + sizeWithout(headers) + keySize + (type?.length ?? 0) + (correlationId?.length ?? 0)
}

let lastHeaders: HeaderList | undefined
let lastSize = 0

/** Of a message without body and key. Most messages share one list of headers. */
function sizeWithout(headers: HeaderList): number {
  if (headers !== lastHeaders) {
    lastHeaders = headers
    lastSize = envelopeBytes(null, null, headers)
  }
  return lastSize
}

/** The bytes of the key, made once. */
export function keyBytes(entry: Entry): Uint8Array | null {
  if (typeof entry.key === 'string') entry.key = encodeText(entry.key)
  return entry.key
}

/** One text per key, whatever its bytes. */
export function keyText(entry: Entry): string {
  const bytes = keyBytes(entry)
  return bytes === null ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The envelope, made once: a resend is the same object. */
export function seal(entry: Entry): Outbound {
  if (entry.envelope === undefined) {
    const { id, body, timestampMs, bytes, common } = entry
    const { contentType, type, correlationId, headers } = common
    entry.envelope = { id, key: keyBytes(entry), body, contentType, type, correlationId, timestampMs, headers, bytes }
  }
  return entry.envelope
}
