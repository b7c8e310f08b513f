import { assert } from '../../scenario/assert.js'

/** What a start may be late against the moment at which its token was granted, in ms: the test sees the start alone. */
const slackMs = 5

/** In no window of starts are there more than `burst` and what the rate gives in its time. Times in ms, ascending. */
export function expectBounded(starts: readonly number[], perSecond: number, burst: number): void {
  const intervalMs = 1_000 / perSecond
  // The largest excess over all windows that end here follows from the one that ends before.
  let excess = 0
  let last = Number.NEGATIVE_INFINITY
  for (const [index, start] of starts.entries()) {
    excess = Math.max(0, excess - (start - last) / intervalMs) + 1
    last = start
    assert.atMost(
      excess,
      burst + slackMs / intervalMs + 1,
      `starts beyond the rate in a window that ends with start ${index}`,
    )
  }
}

/** Most starts in any window of that length. */
export function busiest(starts: readonly number[], windowMs: number): number {
  let most = 0
  let from = 0
  for (const [index, start] of starts.entries()) {
    while (start - (starts[from] as number) >= windowMs) from++
    most = Math.max(most, index - from + 1)
  }
  return most
}

/**
 * The rate over the whole run after the burst, per second: the median over the last starts, so that one late timer says nothing.
 * What `takenBetween` tells is left out of the time: a lower bound holds for a process that gets to run.
 */
export function longRunRate(
  starts: readonly number[],
  burst: number,
  takenBetween: (fromMs: number, toMs: number) => number = () => 0,
): number {
  const first = starts[0] as number
  const rates = starts
    .map((start, index) => ({ start, given: index + 1 - burst }))
    .slice(-Math.floor(starts.length / 5))
    .map(({ start, given }) => (given * 1_000) / (start - first - takenBetween(first, start)))
    .toSorted((a, b) => a - b)
  return rates[Math.floor(rates.length / 2)] as number
}
