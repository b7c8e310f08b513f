import { countOf } from './part-of.js'
import type { Schedule, Step } from './schedule.js'

/** Whether a schedule still fails, in the way that is looked into. */
export type StillFails = (schedule: Schedule) => Promise<boolean>

export interface ShrinkOptions {
  /** Most runs that it may take. @default 400 */
  readonly runs?: number
}

/**
 * Finds a short schedule that still fails: leaves out ever smaller parts of the steps, and then messages, for as long as that
 * makes it shorter. Each step draws its chance from itself, so what is left does what it did before.
 */
export async function shrink(schedule: Schedule, fails: StillFails, options: ShrinkOptions = {}): Promise<Schedule> {
  let left = options.runs ?? 400
  let best = schedule
  const attempt = async (steps: readonly Step[]): Promise<boolean> => {
    if (left <= 0) return false
    left -= 1
    const shorter = { ...schedule, steps }
    if (!(await fails(shorter))) return false
    best = shorter
    return true
  }
  await leaveOutParts(() => best.steps, attempt)
  await takeFewerMessages(() => best.steps, attempt)
  await leaveOutParts(() => best.steps, attempt)
  return best
}

type Attempt = (steps: readonly Step[]) => Promise<boolean>

async function leaveOutParts(current: () => readonly Step[], attempt: Attempt): Promise<void> {
  for (let size = Math.ceil(current().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // From the end: what happened last is what mattered, or nothing that matters.
    for (let end = current().length; end > 0;) {
      const steps = current()
      const from = Math.max(0, end - size)
      await attempt([...steps.slice(0, from), ...steps.slice(end)])
      end = from
    }
  }
}

async function takeFewerMessages(current: () => readonly Step[], attempt: Attempt): Promise<void> {
  for (let index = 0; index < current().length; index += 1) {
    for (let more = true; more;) {
      const steps = current()
      const step = steps[index]
      const count = step === undefined ? undefined : countOf(step)
      more =
        step !== undefined &&
        count !== undefined &&
        count > 1 &&
        (await attempt(steps.with(index, { ...step, action: { ...step.action, count: count >> 1 } as Step['action'] })))
    }
  }
}

/** What kind of thing went wrong, without names and times, so that shrinking does not end at something else. */
export function kindsOf(problems: readonly string[]): ReadonlySet<string> {
  const kinds = new Set<string>()
  for (const problem of problems) {
    const violations = [...problem.matchAll(/^ {2}([a-z-]+):/gm)].map(([, kind = '']) => kind)
    // Names and numbers differ from run to run; words do not.
    if (violations.length === 0) kinds.add(problem.replaceAll(/\S*\d\S*/g, '').slice(0, 60))
    for (const kind of violations) kinds.add(kind)
  }
  return kinds
}
