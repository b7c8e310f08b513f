const SMALLEST = 16
/** Up to this capacity memory is kept: a queue that fills and empties again and again would be copied each time. */
const KEPT = 512

/**
 * A queue with two ends in a ring: adding and taking cost the same whatever the length, and the memory of a burst is given
 * back when the burst is over.
 */
export class Deque<T> {
  #slots: (T | undefined)[] = new Array<T | undefined>(SMALLEST)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The next value that {@link shift} takes; `undefined` when there is none. */
  peek(): T | undefined {
    return this.#slots[this.#head]
  }

  /** Adds behind the last. */
  push(value: T): void {
    if (this.#length === this.#slots.length) this.#resize(this.#length * 2)
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = value
    this.#length += 1
  }

  /** Adds before the first. */
  unshift(value: T): void {
    if (this.#length === this.#slots.length) this.#resize(this.#length * 2)
    this.#head = (this.#head - 1) & (this.#slots.length - 1)
    this.#slots[this.#head] = value
    this.#length += 1
  }

  /** Takes the first; `undefined` when there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const value = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length -= 1
    // A quarter, not a half: a length that swings around the threshold must not copy each time.
    if (this.#slots.length > KEPT && this.#length <= this.#slots.length >> 2) this.#resize(this.#slots.length >> 1)
    return value
  }

  clear(): void {
    this.#slots = new Array<T | undefined>(SMALLEST)
    this.#head = 0
    this.#length = 0
  }

  /** From first to last. Do not add or take while iterating. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let i = 0; i < this.#length; i += 1) yield this.#slots[(this.#head + i) & (this.#slots.length - 1)] as T
  }

  #resize(capacity: number): void {
    const slots = new Array<T | undefined>(capacity)
    for (let i = 0; i < this.#length; i += 1) slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)]
    this.#slots = slots
    this.#head = 0
  }
}
