import type { Recorded } from './chaos-run.js'
import type { Histories } from './history/read-histories.js'
import { leastOverlap, type Performed } from './perform-fault.js'
import type { ChaosResult } from './result.js'
import { maxAttempts } from './topics.js'
import { countOf, judge, type Verdict } from './verdict.js'

export interface RunFacts {
  readonly adapter: string
  readonly seed: number
  readonly nodes: number
  readonly faultsWanted: number
  /** Since the start. */
  readonly seconds: () => number
}

export interface Outcome {
  readonly result: ChaosResult
  readonly isGood: boolean
  /** For people. */
  readonly lines: readonly string[]
}

const violationsShown = 30

/** Compares what a run has shown with what was promised. */
export function conclude(
  histories: Histories,
  recorded: Pick<Recorded, 'letters' | 'performed' | 'problems'>,
  { adapter, seed, nodes, faultsWanted, seconds }: RunFacts,
): Outcome {
  const verdict = judge(histories, recorded.performed)
  const { counts, duplicateBound, faults } = verdict
  const result: ChaosResult = {
    adapter,
    seed,
    nodes,
    messages: counts.published,
    faults,
    confirmed: counts.confirmed,
    lost: countOf(verdict, 'lost'),
    phantom: countOf(verdict, 'phantom'),
    outOfOrder: countOf(verdict, 'out-of-order'),
    overlapping: countOf(verdict, 'overlapping', 'overlapping-message'),
    duplicated: counts.duplicates,
    duplicateBound,
    seconds: seconds(),
  }
  const problems = [...recorded.problems, ...poisonProblems(histories, recorded)]
  if (faults < faultsWanted)
    problems.push(`${faults} of ${faultsWanted} faults met ${leastOverlap} publishes and deliveries`)
  if (result.duplicated > duplicateBound)
    problems.push(`${result.duplicated} messages ran twice, ${duplicateBound} of them can be explained`)
  const isGood = problems.length === 0 && verdict.violations.length === 0
  return { result, isGood, lines: [tellKinds(recorded.performed), ...tell(result, verdict, problems)] }
}

/** How many of each kind, and how long they took, recovery included. */
function tellKinds(performed: readonly Performed[]): string {
  const kinds = new Map<string, { times: number; ms: number }>()
  for (const { id, from, to } of performed) {
    const kind = kinds.get(id) ?? { times: 0, ms: 0 }
    kinds.set(id, { times: kind.times + 1, ms: kind.ms + to - from })
  }
  const told = [...kinds].map(([id, { times, ms }]) => `${id} ${times} times in ${(ms / 1_000).toFixed(1)} s`)
  return `performed: ${told.toSorted().join(', ')}`
}

/** What no handler accepts ends after all its attempts in the dead letters of its group, and nothing else does. */
function poisonProblems({ failures }: Histories, { letters }: Pick<Recorded, 'letters'>): readonly string[] {
  const problems: string[] = []
  for (const [subject, times] of failures) {
    const copies = letters.filter(({ group, id }) => `${group} ${id}` === subject).length
    if (times !== maxAttempts || copies !== 1)
      problems.push(
        `${subject} failed ${times} times instead of ${maxAttempts}, and lies ${copies} times in the dead letters`,
      )
  }
  for (const { group, id, reason } of letters) {
    if (failures.has(`${group} ${id}`)) continue
    problems.push(`${id} lies in the dead letters of ${group}, and no handler refused it there (${reason})`)
  }
  return problems
}

function tell(result: ChaosResult, { violations, counts }: Verdict, problems: readonly string[]): readonly string[] {
  const { lost, phantom, outOfOrder, overlapping, duplicated, duplicateBound } = result
  return [
    ...violations.slice(0, violationsShown).map(({ kind, text }) => `  ${kind}: ${text}`),
    ...(violations.length > violationsShown ? [`  and ${violations.length - violationsShown} more`] : []),
    ...problems.map((text) => `  problem: ${text}`),
    `${counts.published} published: ${counts.confirmed} confirmed, ${counts.refused} refused, ${counts.uncertain} uncertain; ${counts.delivered} deliveries`,
    `${result.faults} faults: ${lost} lost, ${phantom} phantom, ${outOfOrder} out of order, ${overlapping} overlapping, ${duplicated} duplicated of at most ${duplicateBound}`,
    `${result.seconds} s in all: ${violations.length + problems.length === 0 ? 'everything held' : 'FAILED'}`,
  ]
}
