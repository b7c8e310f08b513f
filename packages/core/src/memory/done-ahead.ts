interface Run {
  first: number
  last: number
}

/**
 * Offsets of a log that are stored as done ahead of an open one, as runs of neighbours. A key that stands still lets tens of thousands
 * of them pass, so each is put in when it is stored: what is noted down anew each time would cost more with every message.
 */
export class DoneAhead {
  /** In order, with at least one offset between two of them. */
  readonly #runs: Run[] = []

  get runs(): readonly Readonly<Run>[] {
    return this.#runs
  }

  /** Those that do not end before `offset`. */
  *runsFrom(offset: number): Generator<Readonly<Run>> {
    for (let at = this.#at(offset); at < this.#runs.length; at += 1) yield this.#runs[at] as Run
  }

  has(offset: number): boolean {
    if (this.#runs.length === 0) return false
    const run = this.#runs[this.#at(offset)]
    return run !== undefined && run.first <= offset
  }

  add(offset: number): void {
    const at = this.#at(offset)
    const run = this.#runs[at]
    if (run !== undefined && run.first <= offset) return
    const before = at > 0 ? this.#runs[at - 1] : undefined
    const joinsBefore = before !== undefined && before.last + 1 === offset
    const joinsBehind = run !== undefined && run.first - 1 === offset
    if (joinsBefore && joinsBehind) {
      before.last = run.last
      this.#runs.splice(at, 1)
    } else if (joinsBefore) before.last = offset
    else if (joinsBehind) run.first = offset
    else this.#runs.splice(at, 0, { first: offset, last: offset })
  }

  /** Everything before `offset` is done: it needs no note of its own. */
  forgetBefore(offset: number): void {
    const at = this.#at(offset)
    if (at > 0) this.#runs.splice(0, at)
    const [first] = this.#runs
    if (first !== undefined && first.first < offset) first.first = offset
  }

  /** Index of the first run that does not end before `offset`. Most that is asked for lies behind all of them, or close to their end. */
  #at(offset: number): number {
    let high = this.#runs.length
    let low = high
    for (let step = 1; low > 0 && (this.#runs[low - 1] as Run).last >= offset; step *= 2) {
      high = low - 1
      low = Math.max(0, low - step)
    }
    while (low < high) {
      const middle = (low + high) >>> 1
      const run = this.#runs[middle]
      if (run !== undefined && run.last < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
