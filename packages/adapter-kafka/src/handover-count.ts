/** More different ends than this are not told apart: the count of what lies between two of them becomes too small. */
const MOST_ENDS = 16

/**
 * How often the messages of a partition were handed over without being settled. A claim reads from the group's offset on, so it is enough to
 * know how far each has come: whatever lies before that and is handed over again was handed over by it too.
 */
export class HandoverCount {
  /** Behind the last message of a claim, and how many claims ended there. */
  readonly #claims: Map<number, number>
  /** Of the claim that lives. */
  #ownEnd = -1

  constructor(reached: ReadonlyMap<number, number>) {
    this.#claims = new Map(reached)
  }

  /** The claim that lives has come, or is going to come, so far. No other before it has come further than what is known of them. */
  reach(end: number): void {
    this.#ownEnd = Math.max(this.#ownEnd, end, ...this.#claims.keys())
  }

  /** By claims before the one that lives. */
  of(offset: number): number {
    if (this.#claims.size === 0) return 0
    let count = 0
    for (const [end, claims] of this.#claims) if (end > offset) count += claims
    return count
  }

  /** The claim is over, and another begins. */
  next(): void {
    if (this.#ownEnd >= 0) this.#add(this.#ownEnd)
    this.#ownEnd = -1
  }

  /** Everything before `offset` is settled. */
  forgetBefore(offset: number): void {
    for (const end of this.#claims.keys()) if (end <= offset) this.#claims.delete(end)
  }

  /** As it is stored, with the claim that lives. */
  reached(offset: number): ReadonlyMap<number, number> {
    if (this.#ownEnd <= offset) return this.#claims
    return new Map(this.#claims).set(this.#ownEnd, (this.#claims.get(this.#ownEnd) ?? 0) + 1)
  }

  #add(end: number): void {
    this.#claims.set(end, (this.#claims.get(end) ?? 0) + 1)
    if (this.#claims.size <= MOST_ENDS) return
    const [last = 0, before = 0] = [...this.#claims.keys()].sort((a, b) => b - a)
    this.#claims.set(before, (this.#claims.get(before) ?? 0) + (this.#claims.get(last) ?? 0))
    this.#claims.delete(last)
  }
}
