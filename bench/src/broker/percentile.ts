/** The smallest value that at least this share of all values does not exceed. @throws RangeError when there is nothing */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
  if (value === undefined) throw new RangeError('there is no percentile of no values')
  return value
}
