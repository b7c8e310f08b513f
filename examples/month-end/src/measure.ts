/** The value that the given share of all values does not exceed: 0.5 for the median. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

/** Counts what happens over time. */
export interface RateMeter {
  add(count: number): void
  /** Over the whole time, per second. */
  mean(): number
  /** The most that happened within any one second. */
  busiest(): number
}

export function createRateMeter(now: () => number = () => performance.now()): RateMeter {
  const entries: { readonly at: number; readonly count: number }[] = []
  return {
    add(count) {
      entries.push({ at: now(), count })
    },
    mean() {
      const [first] = entries
      const last = entries.at(-1)
      if (first === undefined || last === undefined || last === first) return 0
      // The last entry ends the time that is measured and is not part of it.
      const counted = entries.reduce((sum, { count }) => sum + count, -last.count)
      return (counted * 1000) / (last.at - first.at)
    },
    busiest() {
      let most = 0
      let inside = 0
      let oldest = 0
      for (const { at, count } of entries) {
        inside += count
        for (let entry = entries[oldest]; entry !== undefined && entry.at <= at - 1000; entry = entries[oldest]) {
          inside -= entry.count
          oldest += 1
        }
        most = Math.max(most, inside)
      }
      return most
    },
  }
}
