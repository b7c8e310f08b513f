/** 20000 as "20,000". */
export const grouped = (value: number): string => Math.round(value).toLocaleString('en-US')

export const inMs = (value: number): string => `${value.toFixed(1)} ms`

export const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const bars = '▁▂▃▄▅▆▇█'

/** Values over time as a line of small bars; the highest value has the highest bar. */
export function sparkline(values: readonly number[]): string {
  const highest = Math.max(1, ...values)
  return values.map((value) => bars[Math.round((Math.max(0, value) / highest) * (bars.length - 1))] ?? ' ').join('')
}
