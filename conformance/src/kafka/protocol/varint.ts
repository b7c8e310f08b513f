/** A zigzag number, and where what follows it begins. */
export function readVarint(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0n
  let shift = 0n
  for (let next = at; ;) {
    const byte = bytes.readUInt8(next)
    next += 1
    value |= BigInt(byte & 0x7f) << shift
    shift += 7n
    if (byte < 0x80) return [Number((value >> 1n) ^ -(value & 1n)), next]
  }
}
