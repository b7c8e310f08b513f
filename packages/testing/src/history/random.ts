/** Seeded random numbers. */
export interface Random {
  /** From 0 up to 1, not included. */
  readonly next: () => number
  /** True in this share of the calls. */
  readonly chance: (share: number) => boolean
  /** One of a list. Throws RangeError for an empty one. */
  readonly pick: <T>(list: readonly T[]) => T
}

/** Creates a source of random numbers; the same seed gives the same numbers. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x2545f491, 0x9e3779b1) >>> 0 || 1
  function next(): number {
    // A 32-bit xorshift: enough to vary test data, and the same on every platform.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 0x1_0000_0000
  }
  return {
    next,
    chance: (share) => next() < share,
    pick(list) {
      if (list.length === 0) throw new RangeError('random: pick needs a list with at least one element')
      return list[Math.floor(next() * list.length)] as (typeof list)[number]
    },
  }
}
