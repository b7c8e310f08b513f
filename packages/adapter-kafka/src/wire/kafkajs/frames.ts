/** Before each answer stands how long it is. */
const LENGTH_BYTES = 4
/** A length beyond it is no answer of Kafka: something else listens on that port. */
const MOST_BYTES = 512 * 1024 * 1024

/** Cuts what comes over a connection into answers. */
export class Frames {
  readonly #take: (frame: Buffer) => void
  #chunks: Buffer[] = []
  #bytes = 0
  /** Bytes of the frame that is coming in, its length included; what is known of it first is how long it is. */
  #wanted = LENGTH_BYTES

  constructor(take: (frame: Buffer) => void) {
    this.#take = take
  }

  /** @throws RangeError when what comes cannot be answers of Kafka */
  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    while (this.#bytes >= this.#wanted) {
      const all = this.#together()
      const size = all.readInt32BE(0)
      if (size < LENGTH_BYTES || size > MOST_BYTES) throw new RangeError(`an answer of ${size} bytes`)
      const end = LENGTH_BYTES + size
      if (all.length < end) {
        this.#wanted = end
        return
      }
      this.#chunks = all.length === end ? [] : [all.subarray(end)]
      this.#bytes = all.length - end
      this.#wanted = LENGTH_BYTES
      this.#take(all.subarray(LENGTH_BYTES, end))
    }
  }

  #together(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)]
    return this.#chunks[0] as Buffer
  }
}
