/** Neighbours in order of delivery, from `first` to `last` inclusive. */
export interface PositionRange<P> {
  readonly first: P
  readonly last: P
}

const OPEN = 0
const DONE = 1
const TAKEN = 2

/**
 * Deliveries of one claim in the order they came, and what of them is done. Brokers settle "everything up to here", so
 * what counts is the prefix without a gap; what was done ahead of an open delivery is kept apart, to be settled singly or
 * noted down.
 *
 * `append` and `done` cost O(1) amortised and allocate nothing; memory follows the largest number of deliveries between
 * the oldest open and the newest one. A new claim or epoch needs a new tracker.
 */
export class PrefixTracker<P extends number | bigint> {
  #positions: (P | undefined)[] = new Array<P | undefined>(64)
  #states: Uint8Array = new Uint8Array(64)
  #times: Float64Array = new Float64Array(64)
  /** Handle of the oldest open delivery, or the next handle when nothing is open. */
  #first = 0
  #next = 0
  #open = 0
  /** Handed out while an earlier one is open. */
  #taken = 0
  #newest: P | undefined
  #prefix: P | undefined
  #untaken: P | undefined

  /** Deliveries that are not done. */
  get open(): number {
    return this.#open
  }

  /** Deliveries that are done while an earlier one is open. */
  get ahead(): number {
    return this.#next - this.#first - this.#open
  }

  /** Of those, what {@link takeAhead} has not handed out. */
  get untakenAhead(): number {
    return this.ahead - this.#taken
  }

  /** The last position up to which everything is done; `undefined` until the first delivery is. */
  get prefix(): P | undefined {
    return this.#prefix
  }

  /** Position of the oldest delivery that is not done; `undefined` when all are. */
  get oldestOpen(): P | undefined {
    return this.#open === 0 ? undefined : this.#positions[this.#first & this.#mask]
  }

  /** The moment that was given to {@link append} with the oldest delivery that is not done; `undefined` when all are. */
  get oldestOpenSince(): number | undefined {
    return this.#open === 0 ? undefined : this.#times[this.#first & this.#mask]
  }

  /**
   * Adds the next delivery and returns its handle. Positions grow and may leave gaps (compaction, control records). A
   * delivery that is not handed on because it was done before a restart is added all the same and marked done at once:
   * otherwise it would be missing in {@link aheadRanges}.
   * @throws RangeError when `position` does not lie behind the one before
   */
  append(position: P, atMs: number): number {
    if (this.#newest !== undefined && position <= this.#newest) {
      throw new RangeError(
        `position ${position} does not lie behind ${this.#newest}: start a new tracker for a new claim`,
      )
    }
    if (this.#next - this.#first === this.#states.length) this.#grow()
    const handle = this.#next
    const slot = handle & this.#mask
    this.#positions[slot] = position
    this.#states[slot] = OPEN
    this.#times[slot] = atMs
    this.#newest = position
    this.#next += 1
    this.#open += 1
    return handle
  }

  /** Marks a delivery as done; true when the prefix has grown. Doing it twice changes nothing. */
  done(handle: number): boolean {
    const slot = handle & this.#mask
    if (handle < this.#first || handle >= this.#next || this.#states[slot] !== OPEN) return false
    this.#states[slot] = DONE
    this.#open -= 1
    if (handle === this.#first) {
      this.#advance()
      return true
    }
    return false
  }

  /** It was settled in another way (given back alone): counts as done, and is never handed out. Doing it twice changes nothing. */
  drop(handle: number): void {
    const slot = handle & this.#mask
    if (handle < this.#first || handle >= this.#next || this.#states[slot] !== OPEN) return
    this.#states[slot] = TAKEN
    this.#taken += 1
    this.#open -= 1
    if (handle === this.#first) this.#advance()
  }

  /**
   * For brokers that settle up to a position: the last one of the prefix that was not handed out yet, neither here nor by
   * {@link takeAhead}; `undefined` when there is nothing new. (A broker may treat a second settlement as an error.)
   */
  takePrefix(): P | undefined {
    const position = this.#untaken
    this.#untaken = undefined
    return position
  }

  /** For brokers that can also settle one: hands out up to `limit` done ahead, oldest first, each once. Costs O(ahead + open). */
  takeAhead(limit: number): readonly P[] {
    const taken: P[] = []
    let left = this.ahead
    for (let handle = this.#first; left > 0 && taken.length < limit; handle += 1) {
      const slot = handle & this.#mask
      if (this.#states[slot] === OPEN) continue
      left -= 1
      if (this.#states[slot] === TAKEN) continue
      this.#states[slot] = TAKEN
      this.#taken += 1
      taken.push(this.#positions[slot] as P)
    }
    return taken
  }

  /**
   * What is done ahead, handed out or not, as runs of neighbours, oldest first and at most `limit` of them: to be stored beside the
   * position, so that a successor does not repeat it. Positions that never came between two neighbours belong to the run. Costs O(ahead + open).
   */
  aheadRanges(limit: number = Infinity): readonly PositionRange<P>[] {
    const ranges: PositionRange<P>[] = []
    let left = this.ahead
    let handle = this.#first
    while (left > 0 && ranges.length < limit) {
      while (this.#states[handle & this.#mask] === OPEN) handle += 1
      const first = handle
      while (handle < this.#next && this.#states[handle & this.#mask] !== OPEN) handle += 1
      left -= handle - first
      ranges.push({
        first: this.#positions[first & this.#mask] as P,
        last: this.#positions[(handle - 1) & this.#mask] as P,
      })
    }
    return ranges
  }

  get #mask(): number {
    return this.#states.length - 1
  }

  #advance(): void {
    while (this.#first < this.#next) {
      const slot = this.#first & this.#mask
      const state = this.#states[slot]
      if (state === OPEN) return
      this.#prefix = this.#positions[slot]
      if (state === DONE) this.#untaken = this.#prefix
      else this.#taken -= 1
      this.#first += 1
    }
  }

  #grow(): void {
    const capacity = this.#states.length * 2
    const positions = new Array<P | undefined>(capacity)
    const states = new Uint8Array(capacity)
    const times = new Float64Array(capacity)
    for (let handle = this.#first; handle < this.#next; handle += 1) {
      const from = handle & this.#mask
      const to = handle & (capacity - 1)
      positions[to] = this.#positions[from]
      states[to] = this.#states[from] ?? OPEN
      times[to] = this.#times[from] ?? 0
    }
    this.#positions = positions
    this.#states = states
    this.#times = times
  }
}
