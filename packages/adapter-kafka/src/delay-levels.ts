/** What is left of a delay at the lowest level, in ms. Half of what a short delay may be late by: there one waits for the ones before it. */
const LOWEST_MS = 100
/** Each level takes what is left of so many times as much as the one below it. */
const FACTOR = 4

/** Partitions of the topic in which the delayed messages of a group wait. */
export const delayLevels = 14

/** The longest delay, in ms: 77 days. */
export const longestDelayMs: number = LOWEST_MS * FACTOR ** (delayLevels - 1)

/** Where a message waits of whose delay so much is left. */
export function levelOf(leftMs: number): number {
  let level = 0
  while (level < delayLevels - 1 && leftMs > LOWEST_MS * FACTOR ** level) level += 1
  return level
}

/**
 * How long it waits there before its level is looked for anew. All of one level wait equally long, so the one that came first is due first and
 * none stands in the way of another. At the lowest each waits for its own time, which is short for all of them.
 */
export const waitAt = (level: number, leftMs: number): number =>
  level === 0 ? leftMs : Math.min(leftMs, LOWEST_MS * FACTOR ** (level - 1))
