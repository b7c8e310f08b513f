import { utf8Length } from '../kit/utf8.js'
import { envelopeBytes } from '../kit/envelope-size.js'
import { encodeText } from '../model/text-bytes.js'
import type { Outbound } from '../spi/envelope.js'
import type { Entry } from './entry.js'

/** Size of a message for buffers, windows and limits. */
export function sizeOf(entry: Entry): number {
  const { key, body, type, correlationId, headers } = entry
  const keySize = key === null ? 0 : typeof key === 'string' ? utf8Length(key) : key.length
  return envelopeBytes(body, null, headers) + keySize + (type?.length ?? 0) + (correlationId?.length ?? 0)
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
  entry.envelope ??= {
    id: entry.id,
    key: keyBytes(entry),
    body: entry.body,
    contentType: entry.contentType,
    type: entry.type,
    correlationId: entry.correlationId,
    timestampMs: entry.timestampMs,
    headers: entry.headers,
    bytes: entry.bytes,
  }
  return entry.envelope
}
