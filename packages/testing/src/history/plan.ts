import type { HandlerOutcome, PublishResult, Settlement } from './event.js'
import { createRecorder, type FaultRecord } from './recorder.js'
import type { History } from './table.js'

/** A publish that a history is to contain. */
export interface PlannedPublish {
  readonly id: string
  readonly key: string | null
  readonly at: number
  readonly endAt: number
  readonly result: PublishResult
}

/** A handler run that a history is to contain. */
export interface PlannedRun {
  readonly id: string
  readonly key: string | null
  readonly group: string
  readonly instance: string
  readonly partition: number
  readonly attempt: number
  readonly start: number
  /** undefined: no end is recorded, its process was killed. */
  readonly end: number | undefined
  readonly outcome: HandlerOutcome
  /** Recorded at these times after the end. */
  readonly settlements: readonly { readonly settlement: Settlement; readonly at: number }[]
}

/** A fault that a history is to contain. */
export interface PlannedFault extends FaultRecord {
  readonly at: number
}

/** A copy that a watched broker stores: for every group, or among the dead letters of one. */
export interface PlannedCopy {
  readonly id: string
  readonly at: number
  readonly letter?: { readonly group: string; readonly instance: string }
}

/** A history before it is recorded, so that a test can tamper with it. */
export interface Plan {
  readonly topic: string
  readonly publishes: readonly PlannedPublish[]
  readonly runs: readonly PlannedRun[]
  readonly faults: readonly PlannedFault[]
  readonly deadLetters: readonly { readonly id: string; readonly group: string; readonly at: number }[]
  /** What a watched broker stored and settled; empty: nobody watched it. */
  readonly copies?: readonly PlannedCopy[]
  readonly settles?: readonly { readonly id: string; readonly group: string; readonly at: number }[]
}

/** Records a plan, in the order of its times, through an ordinary recorder. */
export function recordPlan(plan: Plan): History {
  const { topic, publishes, runs, faults, deadLetters, copies = [], settles = [] } = plan
  let time = 0
  const recorder = createRecorder({ now: () => time })
  const steps: { readonly at: number; readonly record: () => void }[] = []

  for (const { id, key, at, endAt, result } of publishes) {
    let call = 0
    steps.push({
      at,
      record: () => (call = recorder.publishInvoked({ topic, id, key, instance: 'publisher' })),
    })
    steps.push({ at: endAt, record: () => recorder.publishEnded(call, result) })
  }
  for (const { start, end, outcome, settlements, ...run } of runs) {
    let number = 0
    steps.push({ at: start, record: () => (number = recorder.handlerStarted({ topic, ...run })) })
    if (end !== undefined) steps.push({ at: end, record: () => recorder.handlerEnded(number, outcome) })
    for (const { settlement, at } of settlements) {
      steps.push({ at, record: () => recorder.settled(number, settlement) })
    }
  }
  for (const { at, ...fault } of faults) steps.push({ at, record: () => recorder.fault(fault) })
  for (const { at, id, group } of deadLetters) {
    steps.push({ at, record: () => recorder.deadLetterSeen({ topic, id, group }) })
  }
  for (const { at, id, letter } of copies) {
    const place = letter === undefined ? ({ place: 'topic' } as const) : ({ place: 'dead-letters', ...letter } as const)
    steps.push({ at, record: () => recorder.copyStored({ topic, id, instance: 'publisher', ...place }) })
  }
  for (const { at, id, group } of settles) {
    steps.push({ at, record: () => recorder.brokerSettled({ topic, id, group, instance: 'a' }) })
  }

  steps.sort((a, b) => a.at - b.at)
  for (const { at, record } of steps) {
    time = at
    record()
  }
  return recorder.history()
}

/** The time after everything in a plan. */
export function endOf(plan: Plan): number {
  const times = [
    ...plan.publishes.map(({ endAt }) => endAt),
    ...plan.runs.flatMap(({ start, end = start, settlements }) => [end, ...settlements.map(({ at }) => at)]),
    ...plan.faults.map(({ at }) => at),
    ...plan.deadLetters.map(({ at }) => at),
    ...[...(plan.copies ?? []), ...(plan.settles ?? [])].map(({ at }) => at),
  ]
  return times.reduce((last, time) => Math.max(last, time), 0) + 1
}
