/** Limits of a {@link CountedBuffer}. */
export interface CountedBufferOptions {
  /** Most entries inside. At least 1. */
  readonly maxCount: number
  /** Most bytes inside. An entry that is larger on its own enters while the buffer is empty. */
  readonly maxBytes: number
  /** Most entries that wait for room; 0: nobody waits. */
  readonly maxWaiting: number
  /** Most bytes that wait for room. An entry that is larger on its own waits while no other does. */
  readonly maxWaitingBytes: number
}

interface Waiter {
  readonly size: number
  readonly onEntered: () => void
  previous: Waiter | undefined
  next: Waiter | undefined
}

/**
 * A limit in count and in bytes, with a queue in front of it that is limited as well. It counts and keeps nothing: whoever
 * enters leaves again with the same size.
 */
export class CountedBuffer {
  readonly #options: CountedBufferOptions
  /** By callback, so that cancelling needs neither a search nor an object per entry that did not have to wait. */
  readonly #waiters = new Map<() => void, Waiter>()
  #first: Waiter | undefined
  #last: Waiter | undefined
  #count = 0
  #bytes = 0
  #waitingBytes = 0
  #admitting = false

  constructor(options: CountedBufferOptions) {
    this.#options = options
  }

  /** Entries inside. */
  get count(): number {
    return this.#count
  }

  /** Bytes inside. */
  get bytes(): number {
    return this.#bytes
  }

  /** Entries that wait for room. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** Bytes that wait for room. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Enters when there is room and nobody waits, else changes nothing. */
  tryEnter(size: number): boolean {
    if (this.#first !== undefined || !this.#hasRoom(size)) return false
    this.#add(size)
    return true
  }

  /**
   * `entered`: inside at once, `onEntered` is never called. `waiting`: `onEntered` is called once when it is inside, from
   * within {@link leave} or {@link cancel} of another, first come, first served; it must not throw. `full`: neither inside
   * nor waiting.
   * @throws RangeError when the same function waits already
   */
  enter(size: number, onEntered: () => void): 'entered' | 'waiting' | 'full' {
    if (this.tryEnter(size)) return 'entered'
    if (!this.#mayWait(size)) return 'full'
    if (this.#waiters.has(onEntered)) throw new RangeError('this function waits already: pass one function per entry')
    const waiter: Waiter = { size, onEntered, previous: this.#last, next: undefined }
    if (this.#last === undefined) this.#first = waiter
    else this.#last.next = waiter
    this.#last = waiter
    this.#waiters.set(onEntered, waiter)
    this.#waitingBytes += size
    return 'waiting'
  }

  /**
   * Makes room, and lets in who waits.
   * @throws RangeError when more leaves than entered
   */
  leave(size: number): void {
    if (this.#count < 1 || this.#bytes < size) {
      throw new RangeError(
        `an entry of ${size} bytes leaves a buffer that holds ${this.#count} with ${this.#bytes} bytes`,
      )
    }
    this.#count -= 1
    this.#bytes -= size
    this.#admit()
  }

  /** Ends a wait; false when `onEntered` does not wait (any more). */
  cancel(onEntered: () => void): boolean {
    const waiter = this.#waiters.get(onEntered)
    if (waiter === undefined) return false
    this.#unlink(waiter)
    // A large one at the head may have kept out smaller ones that fit.
    this.#admit()
    return true
  }

  #hasRoom(size: number): boolean {
    if (this.#count === 0) return true
    return this.#count < this.#options.maxCount && this.#bytes + size <= this.#options.maxBytes
  }

  #mayWait(size: number): boolean {
    const { maxWaiting, maxWaitingBytes } = this.#options
    if (this.#waiters.size === 0) return maxWaiting > 0
    return this.#waiters.size < maxWaiting && this.#waitingBytes + size <= maxWaitingBytes
  }

  #add(size: number): void {
    this.#count += 1
    this.#bytes += size
  }

  /** A callback may leave or cancel in turn: the loop that runs already goes on then, so that the stack stays flat and the order first come, first served. */
  #admit(): void {
    if (this.#admitting) return
    this.#admitting = true
    try {
      for (let waiter = this.#first; waiter !== undefined && this.#hasRoom(waiter.size); waiter = this.#first) {
        this.#unlink(waiter)
        this.#add(waiter.size)
        waiter.onEntered()
      }
    } finally {
      this.#admitting = false
    }
  }

  #unlink(waiter: Waiter): void {
    if (waiter.previous === undefined) this.#first = waiter.next
    else waiter.previous.next = waiter.next
    if (waiter.next === undefined) this.#last = waiter.previous
    else waiter.next.previous = waiter.previous
    this.#waiters.delete(waiter.onEntered)
    this.#waitingBytes -= waiter.size
  }
}
