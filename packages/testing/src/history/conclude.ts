import type { CheckSettings } from './options.js'
import { NONE } from './table.js'
import { unstoredAtFault, type Message, type Passage, type Run, type Timeline } from './timeline.js'

/** Works out how every run was done with, and how many copies of each message the broker may hold. */
export function concludeRuns(timeline: Timeline, settings: CheckSettings): void {
  for (const message of timeline.messages)
    message.extraCopies = countDoubts(message, timeline) * settings.resendsPerDoubt
  for (const run of timeline.runs) run.finish = finishOf(run)
  for (const group of timeline.groups) {
    for (const passage of group.passages.values()) concludeDeadLetters(timeline, passage, settings.storeMs)
  }
  voidBatchTails(timeline.runs)
}

function countDoubts(message: Message, { faults }: Timeline): number {
  let doubts = Math.max(0, message.calls.length - 1)
  for (const { result, instance, from, to } of message.calls) {
    if (result === 'refused') continue
    const unsure = result === 'ok' ? 0 : 1
    doubts += Math.max(unsure, faults.size === 0 ? 0 : faults.ofPublisher(instance).count(from, to))
  }
  return doubts
}

function finishOf(run: Run): Run['finish'] {
  if (run.settlement === 'acked' || run.settlement === 'dead-lettered') return run.settlement
  if (run.settlement !== undefined) return undefined
  if (run.outcome === 'ok') return 'acked'
  return run.outcome === 'dead-lettered' ? 'dead-lettered' : undefined
}

/**
 * A handler sees its own failure, not that the message was dead-lettered for it: the copy shows that. It belongs to the
 * last failure, or to an earlier one after which a fault brought the message back.
 */
function concludeDeadLetters(timeline: Timeline, { deadLetters, runs }: Passage, storeMs: number): void {
  if (deadLetters.length === 0) return
  const failures = runs.filter((run) => run.outcome === 'failed' && run.settlement === undefined)
  for (const run of failures) run.mayBeDone = unstoredAtFault(timeline, run, storeMs, Number.POSITIVE_INFINITY)
  const last = runs.at(-1)
  if (last !== undefined && failures.includes(last)) last.finish = 'dead-lettered'
}

/** In a batch the first member of a key that is not done takes the later ones of its key back with it. */
function voidBatchTails(runs: readonly Run[]): void {
  const broken = new Set<string>()
  for (const run of runs) {
    if (run.batch === NONE || run.key === NONE) continue
    const tail = `${run.instance} ${run.batch} ${run.group.topic} ${run.group.name} ${run.key}`
    if (broken.has(tail)) run.finish = undefined
    else if (run.finish === undefined) broken.add(tail)
  }
}
