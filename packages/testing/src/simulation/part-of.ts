import type { Schedule, Step } from './schedule.js'

/** Steps to keep, by number, and of those that publish how many messages. */
export type Part = ReadonlyMap<number, number | undefined>

/** A schedule without all other steps. */
export function partOf(schedule: Schedule, part: Part): Schedule {
  const steps = schedule.steps.filter(({ number }) => part.has(number))
  return { ...schedule, steps: steps.map((step) => withCount(step, part.get(step.number))) }
}

function withCount(step: Step, count: number | undefined): Step {
  const { action } = step
  if (count === undefined || (action.kind !== 'publish' && action.kind !== 'publish-batch')) return step
  return { ...step, action: { ...action, count } }
}

/** As the command line takes it: `3,7:2,9`. */
export function writePart(schedule: Schedule, whole: Schedule): string {
  const before = new Map(whole.steps.map((step) => [step.number, countOf(step)]))
  return schedule.steps
    .map((step) => {
      const count = countOf(step)
      return count === before.get(step.number) ? String(step.number) : `${step.number}:${count}`
    })
    .join(',')
}

/** @throws Error for anything else */
export function readPart(text: string): Part {
  const part = new Map<number, number | undefined>()
  for (const one of text.split(',')) {
    const match = /^(\d+)(?::(\d+))?$/.exec(one.trim())
    if (match === null) throw new Error(`--steps needs numbers as in "3,7:2,9", got "${one}"`)
    part.set(Number(match[1]), match[2] === undefined ? undefined : Number(match[2]))
  }
  return part
}

export function countOf({ action }: Step): number | undefined {
  return action.kind === 'publish' || action.kind === 'publish-batch' ? action.count : undefined
}
