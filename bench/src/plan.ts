import type { Case, Subject, Suite } from './suite.js'

/** What one round runs, in order, and what runs once after all rounds. */
export interface Plan {
  readonly round: readonly Step[]
  readonly once: readonly Step[]
}

/** One process: one subject of one case. */
export interface Step {
  readonly suite: Suite
  readonly case: Case
  readonly subject: Subject
  /** Messages of one pass. */
  readonly messages: number
  /** It is here for the ratios of what follows only: another number of messages makes it another case than its own. */
  readonly aside: boolean
}

export interface Length {
  /** Messages of one pass where the case does not say it. */
  readonly messages: number
  readonly quick: boolean
}

/**
 * Each baseline stands right before the subjects that are compared with it, so that both meet the machine in the same state. Where
 * several cases with one baseline follow each other, it runs anew for each of them.
 */
export function planOf(suite: Suite, cases: readonly Case[], length: Length): Plan {
  const round: Step[] = []
  const once: Step[] = []
  for (const one of cases) (one.once === true ? once : round).push(...stepsOf(suite, one, length))
  return { round: withoutRepeated(round), once }
}

export function stepsOf(suite: Suite, one: Case, { messages, quick }: Length): readonly Step[] {
  const own = one.messages?.[quick ? 'quick' : 'full'] ?? messages
  const steps = one.subjects.map((subject): Step => ({ suite, case: one, subject, messages: own, aside: false }))
  const baseline = baselineOf(suite, one)
  if (baseline === undefined) return steps
  const aside = baseline.case !== one && own !== messages
  const first: Step = { suite, ...baseline, messages: own, aside }
  return [first, ...steps.filter(({ subject }) => subject !== baseline.subject)]
}

/** @throws Error when the suite has no such subject: a mistake in the suite */
export function baselineOf(suite: Suite, { name, baseline }: Case): Pick<Step, 'case' | 'subject'> | undefined {
  if (baseline === undefined) return undefined
  const found = suite.cases.find((one) => one.name === baseline.case)
  const subject = found?.subjects.find((one) => one.name === baseline.subject)
  if (found !== undefined && subject !== undefined) return { case: found, subject }
  throw new Error(`${suite.name} ${name}: there is no baseline ${baseline.case} (${baseline.subject})`)
}

/** A case that is a baseline need not run by itself when the next step is that baseline. */
function withoutRepeated(steps: readonly Step[]): Step[] {
  return steps.filter(({ subject, messages }, index) => {
    const next = steps[index + 1]
    return next?.subject !== subject || next.messages !== messages
  })
}
