const encoder = new TextEncoder()
// A byte order mark is part of the text: without `ignoreBOM` it would be swallowed and the bytes would not survive a round trip.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of a text. A lone surrogate has none and becomes U+FFFD: check with `isWellFormed` before. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text whose UTF-8 form these bytes are; `undefined` when they are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Length of `encodeUtf8(text)`, without encoding it. */
export function utf8Length(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) length += 1
    else if (!isPairAt(text, i, unit)) length += 2
    else {
      // Four bytes for two units.
      length += 2
      i += 1
    }
  }
  return length
}

function isPairAt(text: string, index: number, unit: number): boolean {
  if (unit < 0xd800 || unit > 0xdbff) return false
  const next = text.charCodeAt(index + 1)
  return next >= 0xdc00 && next <= 0xdfff
}
