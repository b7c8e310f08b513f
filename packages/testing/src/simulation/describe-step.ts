import type { Step } from './schedule.js'

/** A step in words, for a list of them. */
export function describeStep({ number, action, thenMs }: Step): string {
  const { kind, ...rest } = action
  const details = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${String(value)}`)
  return `${String(number).padStart(4)}  ${[kind, ...details].join(', ')}${thenMs > 0 ? `; then ${thenMs} ms` : ''}`
}
