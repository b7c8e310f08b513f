import { Buffer } from 'node:buffer'
import type { WireMessage } from '../port.js'
import { encodePublish, mostBytes } from './encode-publish.js'
import type { InnerChannel } from './internals.js'
import { writeMessage } from './message.js'
import type { Owner } from './owner.js'

const PIECE_BYTES = 64 * 1024
/** What is larger costs more to copy than to write by itself. */
const LARGEST_BYTES = 16 * 1024

/**
 * The publishes of one channel. amqplib makes eight pieces of memory and one write of each; here the small ones of a turn of the event loop
 * are encoded one behind another into the same memory, and are one write. What is large, or carries something unusual, goes through amqplib.
 */
export class Publishes {
  readonly #inner: InnerChannel
  readonly #owner: Owner
  #piece = Buffer.alloc(0)
  /** Where that begins which is not written yet, and where it ends. */
  #start = 0
  #end = 0

  constructor(inner: InnerChannel, owner: Owner) {
    this.#inner = inner
    this.#owner = owner
  }

  /** @throws WireError of kind `message` when it cannot be encoded; nothing of it is written then */
  write(message: WireMessage): void {
    this.#owner.writing()
    const most = mostBytes(message)
    const end = most <= LARGEST_BYTES ? this.#encode(message, most) : -1
    if (end === -1) {
      this.flush()
      writeMessage(this.#inner, message)
      return
    }
    if (this.#start === this.#end) queueMicrotask(this.flush)
    this.#end = end
  }

  /** Before anything else is written on the channel: all of it goes out in the order in which it came. */
  readonly flush = (): void => {
    if (this.#start === this.#end) return
    const frames = this.#piece.subarray(this.#start, this.#end)
    this.#start = this.#end
    const { connection } = this.#owner
    const buffer = connection.channels[this.#inner.ch]?.buffer
    // Without one the channel has ended, and the end tells of all that was published on it.
    if (buffer === undefined) return
    connection.sentSinceLastCheck = true
    buffer.write(frames)
  }

  #encode(message: WireMessage, most: number): number {
    if (this.#end + most > this.#piece.length) {
      this.flush()
      this.#piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
      this.#start = 0
      this.#end = 0
    }
    return encodePublish(this.#piece, this.#end, message, this.#inner.ch, this.#owner.connection.frameMax)
  }
}
