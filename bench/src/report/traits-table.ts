import type { Result } from '../result.js'
import type { Traits } from '../suite.js'
import { columns } from './columns.js'

/** What each subject promises, one line for each; `undefined` when nobody says so. */
export function traitsTableOf(results: readonly Result[]): string | undefined {
  const bySubject = new Map<string, Traits>()
  for (const { subject, traits } of results) {
    if (traits !== undefined) bySubject.set(subject, { ...bySubject.get(subject), ...traits })
  }
  if (bySubject.size === 0) return undefined
  const names = [...new Set([...bySubject.values()].flatMap((traits) => Object.keys(traits)))]
  const rows = [...bySubject].map(([subject, traits]) => [subject, ...names.map((name) => traits[name] ?? '')])
  return columns(['subject', ...names], rows, { left: names.length + 1 })
}
