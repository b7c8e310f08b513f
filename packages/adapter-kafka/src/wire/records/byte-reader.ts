/** What was to be read is not there, or cannot be what it says. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes'
}

const none = new Uint8Array(0)

/** Reads what the Kafka protocol is made of. Never beyond its end: what does not fit is {@link MalformedBytes}. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, from = 0, to: number = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = from
    this.#end = Math.min(to, bytes.length)
  }

  get position(): number {
    return this.#at
  }

  get left(): number {
    return this.#end - this.#at
  }

  skip(count: number): void {
    this.#take(count)
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  /** @throws MalformedBytes beyond 53 bits: no offset and no time gets there */
  int64(): number {
    const at = this.#take(8)
    const value = this.#bytes.readInt32BE(at) * 0x1_0000_0000 + this.#bytes.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(value)) throw new MalformedBytes(`a number of more than 53 bits at ${at}`)
    return value
  }

  /** Ids of producers use all of their 64 bits. */
  bigint64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count += 1) {
      const byte = this.#bytes[this.#take(1)] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      }
      scale *= 0x80
    }
    throw new MalformedBytes(`a number of variable length that is too long, before ${this.#at}`)
  }

  /** A view, not a copy. */
  raw(count: number): Uint8Array {
    if (count === 0) return none
    const at = this.#take(count)
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, count)
  }

  /** With its length before it; a negative one is `null`. */
  varbytes(): Uint8Array | null {
    const count = this.varint()
    return count < 0 ? null : this.raw(count)
  }

  /** With its length in two bytes before it; a negative one is `null`. */
  string(): string | null {
    const count = this.int16()
    return count < 0 ? null : this.text(count)
  }

  text(count: number): string {
    const at = this.#take(count)
    return this.#bytes.toString('utf8', at, at + count)
  }

  #take(count: number): number {
    const at = this.#at
    if (count < 0 || count > this.#end - at)
      throw new MalformedBytes(`${count} bytes are wanted at ${at}, and ${this.#end - at} are there`)
    this.#at = at + count
    return at
  }
}
