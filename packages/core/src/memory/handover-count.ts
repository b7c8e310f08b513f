/** More different ends than this are not told apart: the count of what lies between two of them becomes too small. */
const MOST_ENDS = 64

/**
 * How often each message of a log was handed over without being settled. A claim reads from the watermark on, so it is enough
 * to know how far each has come: whatever lies before that and is handed over again was handed over by it too.
 */
export class HandoverCount {
  /** Offset behind the last message of a claim, and how many claims ended there. */
  readonly #claims = new Map<number, number>()

  /** A claim that read from `watermark` to `end` is over. */
  add(watermark: number, end: number): void {
    if (end <= watermark) return
    this.#claims.set(end, (this.#claims.get(end) ?? 0) + 1)
    if (this.#claims.size <= MOST_ENDS) return
    const [last = 0, before = 0] = [...this.#claims.keys()].sort((a, b) => b - a)
    this.#claims.set(before, (this.#claims.get(before) ?? 0) + (this.#claims.get(last) ?? 0))
    this.#claims.delete(last)
  }

  of(offset: number): number {
    if (this.#claims.size === 0) return 0
    let count = 0
    for (const [end, claims] of this.#claims) if (end > offset) count += claims
    return count
  }

  /** Everything before `watermark` is settled. */
  forgetBefore(watermark: number): void {
    for (const end of this.#claims.keys()) if (end <= watermark) this.#claims.delete(end)
  }
}
