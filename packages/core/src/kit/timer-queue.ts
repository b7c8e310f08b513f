/** One entry of a {@link TimerQueue}. */
export interface Timer {
  readonly due: number
  readonly run: () => void
  /** Entries of one moment go by rank, and those of one rank in the order in which they were added. */
  readonly rank: number
  readonly sequence: number
  /** Place in the heap, kept by the queue so that an entry is removed without a search; -1 once it is out. */
  index: number
}

/** Timers ordered by the moment they are due, then by rank and insertion: a binary heap that knows where each entry stands. */
export class TimerQueue {
  readonly #heap: Timer[] = []
  #sequence = 0

  get length(): number {
    return this.#heap.length
  }

  /** The number that the next added entry gets. */
  get nextSequence(): number {
    return this.#sequence
  }

  /** The entry that is due first. */
  peek(): Timer | undefined {
    return this.#heap[0]
  }

  add(due: number, run: () => void, rank = 0): Timer {
    const timer: Timer = { due, run, rank, sequence: this.#sequence, index: this.#heap.length }
    this.#sequence += 1
    this.#heap.push(timer)
    this.#rise(timer)
    return timer
  }

  /** Takes an entry out; false when it was out already. */
  remove(timer: Timer): boolean {
    const { index } = timer
    if (index < 0) return false
    timer.index = -1
    const last = this.#heap.pop()
    if (last !== undefined && last !== timer) {
      this.#put(last, index)
      this.#rise(last)
      this.#sink(last)
    }
    return true
  }

  clear(): void {
    for (const timer of this.#heap) timer.index = -1
    this.#heap.length = 0
  }

  #put(timer: Timer, index: number): void {
    this.#heap[index] = timer
    timer.index = index
  }

  #rise(timer: Timer): void {
    while (timer.index > 0) {
      const parent = this.#heap[(timer.index - 1) >> 1]
      if (parent === undefined || !isBefore(timer, parent)) return
      this.#swap(timer, parent)
    }
  }

  #sink(timer: Timer): void {
    for (;;) {
      const left = this.#heap[timer.index * 2 + 1]
      const right = this.#heap[timer.index * 2 + 2]
      const earlier = left !== undefined && right !== undefined && isBefore(right, left) ? right : left
      if (earlier === undefined || !isBefore(earlier, timer)) return
      this.#swap(earlier, timer)
    }
  }

  #swap(a: Timer, b: Timer): void {
    const { index } = a
    this.#put(a, b.index)
    this.#put(b, index)
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  if (a.due !== b.due) return a.due < b.due
  return a.rank === b.rank ? a.sequence < b.sequence : a.rank < b.rank
}
