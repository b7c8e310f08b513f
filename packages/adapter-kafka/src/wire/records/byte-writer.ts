/**
 * Writes what the Kafka protocol is made of into memory of a size that is known before: numbers in network order, and numbers of variable
 * length, zigzag, seven bits to the byte.
 */
export class ByteWriter {
  readonly bytes: Buffer
  #at = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  int8(value: number): void {
    this.#at = this.bytes.writeInt8(value, this.#at)
  }

  int16(value: number): void {
    this.#at = this.bytes.writeInt16BE(value, this.#at)
  }

  int32(value: number): void {
    this.#at = this.bytes.writeInt32BE(value, this.#at)
  }

  uint32At(value: number, at: number): void {
    this.bytes.writeUInt32BE(value, at)
  }

  /** A whole number of at most 53 bits. */
  int64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000)
    this.#at = this.bytes.writeInt32BE(high, this.#at)
    this.#at = this.bytes.writeUInt32BE(value - high * 0x1_0000_0000, this.#at)
  }

  bigint64(value: bigint): void {
    this.#at = this.bytes.writeBigInt64BE(value, this.#at)
  }

  varint(value: number): void {
    let rest = zigzag(value)
    while (rest >= 0x80) {
      this.bytes[this.#at] = (rest % 0x80) | 0x80
      this.#at += 1
      rest = Math.floor(rest / 0x80)
    }
    this.bytes[this.#at] = rest
    this.#at += 1
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** With its length before it, -1 for `null`. */
  varbytes(bytes: Uint8Array | null): void {
    this.varint(bytes === null ? -1 : bytes.length)
    if (bytes !== null) this.raw(bytes)
  }

  /** With its length in two bytes before it. */
  string(text: string): void {
    this.int16(Buffer.byteLength(text))
    this.text(text)
  }

  text(text: string): void {
    this.#at += this.bytes.write(text, this.#at)
  }
}

/** How many bytes {@link ByteWriter.varint} takes. */
export function varintSize(value: number): number {
  let size = 1
  for (let rest = zigzag(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1
  return size
}

export const varbytesSize = (bytes: Uint8Array | null): number =>
  bytes === null ? 1 : varintSize(bytes.length) + bytes.length

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)
