/** Bytes of a connection, cut into requests or answers, each with its length before it. */
export class FrameSplitter {
  readonly #chunks: Buffer[] = []
  #length = 0
  /** Of the frame that is under way, with its length; not known before four bytes have come. */
  #wanted: number | undefined

  push(bytes: Buffer): readonly Buffer[] {
    this.#chunks.push(bytes)
    this.#length += bytes.length
    const frames: Buffer[] = []
    for (;;) {
      this.#wanted ??= this.#length < 4 ? undefined : 4 + this.#joined().readInt32BE(0)
      if (this.#wanted === undefined || this.#length < this.#wanted) return frames
      const all = this.#joined()
      frames.push(all.subarray(0, this.#wanted))
      this.#chunks.splice(0, this.#chunks.length, all.subarray(this.#wanted))
      this.#length -= this.#wanted
      this.#wanted = undefined
    }
  }

  /** In one piece: only at the beginning and at the end of a frame. */
  #joined(): Buffer {
    const [first, ...others] = this.#chunks
    if (first !== undefined && others.length === 0) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks.splice(0, this.#chunks.length, all)
    return all
  }
}
