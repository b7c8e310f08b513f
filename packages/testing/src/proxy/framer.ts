import type { Direction } from './fault.js'

/** Knows a protocol well enough to say where its frames end. It keeps nothing: one serves all connections. */
export interface Framer<Frame> {
  /** How many bytes of a frame `lengthOf` has to see. */
  readonly headerBytes: number
  /** The length of the frame that begins at `offset`, all of it, in bytes; undefined when no frame can begin like that. */
  lengthOf(bytes: Buffer, offset: number): number | undefined
  /** A view of one whole frame, for hooks. Called only where there are some. */
  read(bytes: Buffer, direction: Direction): Frame
}

const nothing = Buffer.alloc(0)

/** A part of a stream: one whole frame, or bytes of a frame whose beginning had passed before anybody looked. */
export interface Part {
  readonly bytes: Buffer
  readonly isFrame: boolean
}

/**
 * Follows the frames of one direction. While nobody looks at them it only steps from header to header; so that a hook that comes later
 * still finds the next beginning.
 */
export class FrameReader {
  readonly #framer: Framer<unknown>
  /** Bytes still to come of a frame whose beginning has passed. */
  #rest = 0
  /** The beginning of a header that has passed. */
  #header: Buffer = nothing
  /** The beginning of a frame that has not passed. */
  #kept: Buffer = nothing

  constructor(framer: Framer<unknown>) {
    this.#framer = framer
  }

  /** Steps over bytes that pass. @throws Error when they are no frames */
  step(bytes: Buffer): void {
    const { headerBytes } = this.#framer
    let at = this.#restIn(bytes)
    while (at < bytes.length) {
      if (bytes.length - at < headerBytes) {
        this.#header = bytes.subarray(at)
        return
      }
      at += this.#length(bytes, at)
    }
    if (at > bytes.length) this.#rest = at - bytes.length
  }

  /** Takes bytes apart; the beginning of a frame that is not complete is kept. @throws Error when they are no frames */
  split(bytes: Buffer): Part[] {
    const parts: Part[] = []
    const rest = this.#kept.length > 0 ? 0 : this.#restIn(bytes)
    if (rest > 0) parts.push({ bytes: bytes.subarray(0, rest), isFrame: false })
    const all = this.#kept.length > 0 ? Buffer.concat([this.#kept, bytes]) : bytes.subarray(rest)
    let at = 0
    while (all.length - at >= this.#framer.headerBytes) {
      const end = at + this.#length(all, at)
      if (end > all.length) break
      parts.push({ bytes: all.subarray(at, end), isFrame: true })
      at = end
    }
    this.#kept = all.subarray(at)
    return parts
  }

  /** Gives out what was kept, when nobody looks any more. */
  flush(): Buffer {
    const bytes = this.#kept
    this.#kept = nothing
    this.step(bytes)
    return bytes
  }

  /** How many of these bytes belong to the frame whose beginning has passed. */
  #restIn(bytes: Buffer): number {
    if (this.#header.length > 0) {
      const passed = this.#header.length
      const header = Buffer.concat([this.#header, bytes.subarray(0, this.#framer.headerBytes - passed)])
      if (header.length < this.#framer.headerBytes) {
        this.#header = header
        return bytes.length
      }
      this.#header = nothing
      this.#rest = this.#length(header, 0) - passed
    }
    const here = Math.min(this.#rest, bytes.length)
    this.#rest -= here
    return here
  }

  #length(bytes: Buffer, offset: number): number {
    const length = this.#framer.lengthOf(bytes, offset)
    if (length !== undefined && length >= this.#framer.headerBytes) return length
    const seen = bytes.subarray(offset, offset + this.#framer.headerBytes).toString('hex')
    throw new Error(`No frame begins with the bytes ${seen}; is this another protocol, or TLS?`)
  }
}
