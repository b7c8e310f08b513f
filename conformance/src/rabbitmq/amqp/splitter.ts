import type { Frame } from './frame.js'

const headBytes = 7
const none = Buffer.alloc(0)

/** Cuts a stream of bytes into frames. Frames share the memory of what came in. */
export class FrameSplitter {
  #rest: Buffer = none

  /** The frames that are whole now. */
  push(bytes: Buffer): Frame[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const frames: Frame[] = []
    let at = 0
    while (all.length - at >= headBytes) {
      const end = at + headBytes + all.readUInt32BE(at + 3) + 1
      if (end > all.length) break
      frames.push(all.subarray(at, end))
      at = end
    }
    this.#rest = at === all.length ? none : all.subarray(at)
    return frames
  }

  /** What has come of a frame that is not whole. */
  get rest(): Buffer {
    return this.#rest
  }
}
