/** Middle and ends of several measurements of the same. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError when there is nothing */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [min] = sorted
  const max = sorted.at(-1)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  if (min === undefined || max === undefined || upper === undefined || lower === undefined) {
    throw new RangeError('there is no middle of no values')
  }
  return { median: (lower + upper) / 2, min, max }
}

/** @throws RangeError when there is nothing */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there is no mean of no values')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
