import { createRandom, type Random } from '../history/random.js'

/** Random numbers that are the same for the same seed. */
export interface Seeded extends Random {
  /** Whole, from `from` to `to`, both included. */
  readonly int: (from: number, to: number) => number
}

/** Parts of a seed: what is drawn for one thing does not depend on what was drawn for others. */
export function createSeeded(...parts: readonly (number | string)[]): Seeded {
  const random = createRandom(mix(parts.join(' ')))
  return { ...random, int: (from, to) => from + Math.floor(random.next() * (to - from + 1)) }
}

/** A whole number that a text decides (FNV-1a, mixed once more). */
export function mix(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** Runs with a `Math.random` that a seed decides: jitter has to be the same in a replay. */
export async function withSeededChance<T>(seed: number, run: () => Promise<T>): Promise<T> {
  const { random } = Math
  Math.random = createSeeded('chance', seed).next
  try {
    return await run()
  } finally {
    Math.random = random
  }
}
