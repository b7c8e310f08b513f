import { utf8Length } from '../kit/utf8.js'
import { envelopeBytes } from '../kit/envelope-size.js'
import type { HeaderList } from '../model/headers.js'
import { encodeText } from '../model/text-bytes.js'
import type { Outbound } from '../spi/envelope.js'
import type { Common, Entry } from './entry.js'

/** Size of a message for buffers, windows and limits. */
export function sizeOf(entry: Entry): number {
  const { key, body, common } = entry
  const { type, correlationId, headers } = common
  const keySize = key === null ? 0 : typeof key === 'string' ? utf8Length(key) : key.length
  return bodySize(body) + sizeWithout(headers) + keySize + (type?.length ?? 0) + (correlationId?.length ?? 0)
}

function bodySize(body: Uint8Array | string | null): number {
  if (body === null) return 0
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length
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

export const bodyBytes = (body: Uint8Array | string | null): Uint8Array | null =>
  typeof body === 'string' ? encodeText(body) : body

/** What the broker keeps of an entry: nothing of the caller. */
class Sealed implements Outbound {
  readonly id: string
  readonly key: Uint8Array | null
  readonly bytes: number
  readonly #common: Common
  readonly #stampMs: number
  #body: Uint8Array | string | null

  constructor(entry: Entry) {
    this.id = entry.id
    this.key = keyBytes(entry)
    this.bytes = entry.bytes
    this.#common = entry.common
    this.#stampMs = entry.stampMs
    this.#body = entry.body
  }

  get body(): Uint8Array | null {
    // The bytes are kept instead of the text: who asks once asks again.
    return (this.#body = bodyBytes(this.#body))
  }

  get text(): string | undefined {
    return typeof this.#body === 'string' ? this.#body : undefined
  }

  get contentType(): string {
    return this.#common.contentType
  }

  get type(): string | undefined {
    return this.#common.type
  }

  get correlationId(): string | undefined {
    return this.#common.correlationId
  }

  get headers(): HeaderList {
    return this.#common.headers
  }

  get timestampMs(): number {
    return this.#common.sinceMs + this.#stampMs
  }
}

/** The envelope, made once: a resend is the same object. */
export function seal(entry: Entry): Outbound {
  if (entry.envelope === undefined) {
    entry.envelope = new Sealed(entry)
  }
  return entry.envelope
}
