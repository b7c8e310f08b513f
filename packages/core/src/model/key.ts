import { SluiceError } from '../errors/sluice-error.js'

/** An ordering key: messages of one topic with equal key are handled in order, one at a time. Text and its UTF-8 bytes are the same key. */
export type Key = string | Uint8Array

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws SluiceError INVALID_KEY */
export function encodeKey(key: unknown, topic: string): Uint8Array {
  if (typeof key === 'string') {
    if (!key.isWellFormed())
      throw new SluiceError('INVALID_KEY', 'the key has a lone surrogate and no UTF-8 form', { field: 'key', topic })
    return encoder.encode(key)
  }
  if (key instanceof Uint8Array) return key.slice()
  throw new SluiceError(
    'INVALID_KEY',
    `the key must be a string or a Uint8Array, got ${key === null ? 'null' : typeof key}`,
    { field: 'key', topic },
  )
}

/** The key as a handler sees it: text where the bytes are UTF-8. */
export function decodeKey(bytes: Uint8Array): Key {
  try {
    return decoder.decode(bytes)
  } catch {
    return bytes
  }
}
