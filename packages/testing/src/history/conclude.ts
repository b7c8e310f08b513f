import type { CheckSettings } from './options.js'
import { NONE } from './table.js'
import {
  extraCopiesOf,
  unstoredAtFault,
  type Fact,
  type Message,
  type Passage,
  type Run,
  type Timeline,
} from './timeline.js'

/** Works out how every run was done with, and how many copies of each message the broker may hold. */
export function concludeRuns(timeline: Timeline, settings: CheckSettings): void {
  for (const message of timeline.messages) {
    message.extraCopies = timeline.watched
      ? Math.max(0, message.stored.length - 1)
      : countDoubts(message, timeline) * settings.resendsPerDoubt
  }
  for (const run of timeline.runs) run.finish = finishOf(run, timeline.watched)
  if (timeline.watched) voidBatchTails(timeline, settings)
  for (const group of timeline.groups) {
    for (const passage of group.passages.values()) {
      if (timeline.watched) for (const letter of passage.letters) concludeLetter(passage, letter)
      else concludeDeadLetters(timeline, passage, settings.storeMs)
    }
  }
  if (!timeline.watched) voidBatchTails(timeline, settings)
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

/** Where the broker was watched, a dead letter counts when it is there, whatever the handler has wished. */
function finishOf(run: Run, watched: boolean): Run['finish'] {
  if (run.settlement === 'acked' || run.settlement === 'dead-lettered') return run.settlement
  if (run.settlement !== undefined) return undefined
  if (run.outcome === 'ok') return 'acked'
  return run.outcome === 'dead-lettered' && !watched ? 'dead-lettered' : undefined
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

const endings: ReadonlySet<Run['outcome']> = new Set<Run['outcome']>(['failed', 'retried', 'dead-lettered'])

/** Where the broker was watched it is known which failure a dead letter belongs to: the last one of its sender before it. */
function concludeLetter(passage: Passage, letter: Fact): void {
  // A copy that is sent again, because nobody knew that it was stored, ends nothing more. A second message does.
  const several = extraCopiesOf(passage) > 0
  const run = passage.runs
    .filter((one) => !several || one.letter === undefined)
    .filter(({ instance, endRow }) => instance === letter.instance && endRow < letter.row)
    .filter(({ outcome, settlement }) => settlement === undefined && endings.has(outcome))
    .reduce<Run | undefined>((last, one) => (last === undefined || one.endRow > last.endRow ? one : last), undefined)
  if (run === undefined || run.letter !== undefined) return
  run.finish = 'dead-lettered'
  run.letter = letter
}

/** In a batch the first member of a key that is not done takes the later ones of its key back with it. */
function voidBatchTails({ runs, history }: Timeline, { unorderedGroups }: CheckSettings): void {
  const unordered = new Set(unorderedGroups.map((name) => history.names.indexOf(name)))
  const broken = new Set<string>()
  for (const run of runs) {
    if (run.batch === NONE || run.key === NONE || unordered.has(run.group.name)) continue
    const tail = `${run.instance} ${run.batch} ${run.group.topic} ${run.group.name} ${run.key}`
    if (broken.has(tail)) run.finish = undefined
    else if (run.finish === undefined && run.outcome !== 'dead-lettered') broken.add(tail)
  }
}
