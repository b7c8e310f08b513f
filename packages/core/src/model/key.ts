/** An ordering key: messages of one topic with equal key are handled in order, one at a time. Text and its UTF-8 bytes are the same key. */
export type Key = string | Uint8Array

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The key as a handler sees it: text where the bytes are UTF-8. */
export function decodeKey(bytes: Uint8Array): Key {
  try {
    return decoder.decode(bytes)
  } catch {
    return bytes
  }
}
