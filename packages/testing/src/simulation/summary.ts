import { createHash } from 'node:crypto'
import { situationNames, type Situation } from './situations.js'
import type { Outcome } from './simulate.js'

const sums = ['messages', 'runs', 'events', 'faults', 'instances'] as const

/** What came of many seeds. */
export interface Summary {
  readonly seeds: number
  readonly failed: readonly number[]
  readonly sums: Readonly<Record<(typeof sums)[number], number>>
  readonly situations: Readonly<Record<Situation, number>>
  /** Of everything that happened in all of them: the same for the same seeds. */
  readonly hash: string
}

/** Situations that have to come about, in so many seeds. */
const leastPerSeeds = 50
/** With fewer seeds chance decides. */
const seedsThatTell = 1_000

export function summarize(outcomes: readonly Outcome[]): Summary {
  const sorted = outcomes.toSorted((a, b) => a.seed - b.seed)
  const hash = createHash('sha256')
  for (const outcome of sorted) hash.update(`${outcome.seed} ${outcome.hash}\n`)
  const add = (get: (outcome: Outcome) => number): number => sorted.reduce((sum, outcome) => sum + get(outcome), 0)
  return {
    seeds: sorted.length,
    failed: sorted.filter(({ problems }) => problems.length > 0).map(({ seed }) => seed),
    sums: record(sums, (name) => add((outcome) => outcome[name])),
    situations: record(situationNames, (name) => add((outcome) => outcome.situations[name])),
    hash: hash.digest('hex').slice(0, 16),
  }
}

function record<Name extends string>(names: readonly Name[], get: (name: Name) => number): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, get(name)])) as Record<Name, number>
}

/** Situations that came about too seldom for so many seeds. */
export function rareSituations({ seeds, situations }: Summary): readonly Situation[] {
  if (seeds < seedsThatTell) return []
  return situationNames.filter((name) => situations[name] < Math.floor(seeds / leastPerSeeds))
}

export function formatSummary(summary: Summary, seconds: number): string {
  const { seeds, failed, hash } = summary
  const width = 12
  const row = (count: number, name: string): string => `${count.toLocaleString('en').padStart(width)}  ${name}`
  return [
    row(seeds, `seeds in ${seconds.toFixed(1)} s, ${(seeds / seconds).toFixed(1)} a second`),
    row(failed.length, 'failed'),
    ...sums.map((name) => row(summary.sums[name], name)),
    '',
    ...situationNames.map((name) => row(summary.situations[name], name)),
    '',
    `everything that happened: ${hash}`,
  ].join('\n')
}
