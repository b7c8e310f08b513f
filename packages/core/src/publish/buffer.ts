import type { Entry, PlaceOwner } from './entry.js'
import { EntryList } from './entry-list.js'
import type { BufferOptions } from './options.js'

/**
 * Bounds what is accepted and not yet stored, in messages and in bytes, and what waits for room in front of it. Those that wait are
 * linked and not wrapped: a hundred thousand of them must stay small.
 */
export class PublishBuffer implements PlaceOwner {
  readonly #limits: Required<BufferOptions>
  readonly #waiting: EntryList = new EntryList(this)
  #waitingBytes = 0
  #messages = 0
  #bytes = 0
  #admitting = false
  readonly #admitted: (entry: Entry) => void

  /** `admitted` is told of each entry that its home has accepted. */
  constructor(limits: Required<BufferOptions>, admitted: (entry: Entry) => void) {
    this.#limits = limits
    this.#admitted = admitted
  }

  /** Takes the entry in and hands it to its home, now or when there is room; false when not even waiting is possible. */
  enter(entry: Entry): boolean {
    if (this.#waiting.length === 0 && this.#hasRoom(entry.bytes)) {
      this.#take(entry)
      entry.home.accept(entry)
      this.#admitted(entry)
      return true
    }
    const { waitingMessages, waitingBytes } = this.#limits
    const alone = this.#waiting.length === 0
    if (waitingMessages === 0) return false
    // The one in front is not counted: a large message must not keep out the small ones behind it.
    const bytes = this.#waitingBytes - (this.#waiting.first?.bytes ?? 0) + entry.bytes
    if (!alone && (this.#waiting.length >= waitingMessages || bytes > waitingBytes)) return false
    this.#waiting.push(entry)
    this.#waitingBytes += entry.bytes
    return true
  }

  /** The entry is gone; whoever waits moves up. */
  leave(entry: Entry): void {
    if (entry.room === 0) return
    this.#messages -= 1
    this.#bytes -= entry.room
    entry.room = 0
    this.#admit()
  }

  /** The entry has another size than when it entered. */
  resize(entry: Entry, bytes: number): void {
    if (entry.room > 0) {
      this.#bytes += bytes - entry.room
      entry.room = bytes
    } else if (entry.list === this.#waiting) this.#waitingBytes += bytes - entry.bytes
    entry.bytes = bytes
  }

  /** An entry that ends while it waits is taken out here, because its bytes are counted. False when it does not wait. */
  withdraw(entry: Entry): boolean {
    if (entry.list !== this.#waiting) return false
    this.#waiting.remove(entry)
    this.#waitingBytes -= entry.bytes
    return true
  }

  changed(): void {
    this.#admit()
  }

  #hasRoom(bytes: number): boolean {
    if (this.#messages === 0) return true
    return this.#messages < this.#limits.messages && this.#bytes + bytes <= this.#limits.bytes
  }

  #take(entry: Entry): void {
    this.#messages += 1
    this.#bytes += entry.bytes
    entry.room = entry.bytes
  }

  /** A home may end an entry at once: the loop that runs goes on then, so that the stack stays flat. */
  #admit(): void {
    if (this.#admitting) return
    this.#admitting = true
    for (
      let first = this.#waiting.first;
      first !== undefined && this.#hasRoom(first.bytes);
      first = this.#waiting.first
    ) {
      this.withdraw(first)
      this.#take(first)
      first.home.accept(first)
      this.#admitted(first)
    }
    this.#admitting = false
  }
}
