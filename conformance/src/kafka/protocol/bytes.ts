/** The values of the protocol, each as bytes of its own. */
export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export function string(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([int16(bytes.length), bytes])
}

export const sized = (bytes: Buffer): Buffer => Buffer.concat([int32(bytes.length), bytes])

export const array = (items: readonly Buffer[]): Buffer => Buffer.concat([int32(items.length), ...items])

/** A text, and where what follows it begins. */
export function readString(bytes: Buffer, at: number): [text: string, next: number] {
  const next = at + 2 + Math.max(0, bytes.readInt16BE(at))
  return [bytes.toString('utf8', at + 2, next), next]
}
