/** Somebody who shares tokens with others. */
export interface Sharer {
  /** Tells sharers with equal tags apart. */
  readonly index: number
  /** Place in the order of service: how many tokens it would have had, had it always wanted some. */
  tag: number
  /** Moment until which its place is kept; `undefined` while it does not wait. */
  keptUntilMs: number | undefined
}

/**
 * Who is next when several want tokens and there are not enough: start-time fair queueing. Without it the one whose timer was set
 * first would ask first each time, and the others would get nothing.
 */
export class Turns {
  readonly #waiting = new Set<Sharer>()
  #served = 0
  #count = 0

  join(): Sharer {
    this.#count += 1
    return { index: this.#count, tag: this.#served, keptUntilMs: undefined }
  }

  leave(sharer: Sharer): void {
    this.#waiting.delete(sharer)
    sharer.keptUntilMs = undefined
  }

  /** Tokens that belong to others before `sharer` gets its next one. */
  before(sharer: Sharer, nowMs: number): number {
    if (this.#waiting.size === 0) return 0
    const tag = this.#tagOf(sharer)
    let tokens = 0
    for (const other of this.#waiting) {
      if (other === sharer) continue
      if ((other.keptUntilMs as number) < nowMs) this.leave(other)
      else tokens += Math.max(0, tag - other.tag + (other.index < sharer.index ? 1 : 0))
    }
    return tokens
  }

  /** Keeps its place until then; who does not come back in time has nothing left to do. */
  wait(sharer: Sharer, untilMs: number): void {
    sharer.tag = this.#tagOf(sharer)
    sharer.keptUntilMs = untilMs
    this.#waiting.add(sharer)
  }

  serve(sharer: Sharer): void {
    this.#served = this.#tagOf(sharer)
    sharer.tag = this.#served + 1
    this.leave(sharer)
  }

  /** Who waits keeps its place; who did not want anything for a while has no claim to what it missed. */
  #tagOf(sharer: Sharer): number {
    return sharer.keptUntilMs === undefined ? Math.max(sharer.tag, this.#served) : sharer.tag
  }
}
