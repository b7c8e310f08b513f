import {
  checkHistory,
  type CheckOptions,
  type HistoryCounts,
  type Violation,
  type ViolationKind,
} from '@sluice/testing'
import type { Histories } from './history/read-histories.js'
import { leastOverlap, type Performed } from './perform-fault.js'
import { groups, unorderedGroup } from './topics.js'

/** What the histories of a run show. */
export interface Verdict {
  readonly counts: Pick<HistoryCounts, 'published' | 'confirmed' | 'refused' | 'uncertain' | 'duplicates' | 'delivered'>
  readonly duplicateBound: number
  readonly violations: readonly Violation[]
  /** Faults that enough of the traffic has met. */
  readonly faults: number
}

/**
 * The adapter tells the broker within 250 ms; nobody is told when the broker has stored it. On two cores with a load of 19, acknowledgements of
 * up to 760 ms before a kill -9 of the broker were not: so much is allowed, before faults that are on record only.
 */
const storeMs = 1_000

const options: CheckOptions = {
  storeMs,
  groups,
  unorderedGroups: [unorderedGroup],
  requireSeenDeadLetters: true,
  // A handler that does not listen to its signal may still run when its message is handed over elsewhere.
  allowOverlapAfterLoss: true,
}

/** Judges one part of the history after the other: all at once would take gigabytes. */
export function judge(histories: Histories, performed: readonly Performed[]): Verdict {
  const counts = { published: 0, confirmed: 0, refused: 0, uncertain: 0, duplicates: 0, delivered: 0 }
  const violations: Violation[] = []
  let duplicateBound = 0
  for (const part of histories.parts) {
    const report = checkHistory(part(), options)
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += report.counts[name]
    // One by one: there may be more than a call takes arguments.
    for (const violation of report.violations) violations.push(violation)
    duplicateBound += report.duplicateBound
  }
  const faults = performed.filter(({ from, to }) => meets(histories, from, to)).length
  return { counts, duplicateBound, violations, faults }
}

function meets({ publishes, runs }: Histories, from: number, to: number): boolean {
  return publishes.overlapping(from, to) >= leastOverlap && runs.overlapping(from, to) >= leastOverlap
}

/** How many violations are of these kinds. */
export function countOf({ violations }: Verdict, ...kinds: readonly ViolationKind[]): number {
  return violations.filter(({ kind }) => kinds.includes(kind)).length
}
