import { NONE } from './table.js'
import { doneAt, extraCopiesOf, mayRunTwice, unstoredAtFault, type Group, type Passage, type Run } from './timeline.js'
import { accuse, round, tellGroup, tellMessage, tellRun, type Verdict } from './verdict.js'

/** How often finished messages ran again. */
export interface Duplicates {
  readonly duplicates: number
  /** The most that faults and doubtful publishes allow. */
  readonly bound: number
  /** Second runs that a fault explains. */
  readonly excused: ReadonlySet<Run>
}

/** Finds second runs and second dead letters that nothing explains, and derives how many could be explained. */
export function checkDuplicated(verdict: Verdict): Duplicates {
  const excused = new Set<Run>()
  const totals = { duplicates: 0, bound: 0 }
  for (const group of verdict.timeline.groups) {
    for (const passage of group.passages.values()) {
      if (!passage.runs.every((run) => run.finish === undefined)) checkPassage(verdict, group, passage, excused, totals)
      checkDeadLetters(verdict, group, passage)
    }
  }
  return { ...totals, excused }
}

function checkPassage(
  verdict: Verdict,
  group: Group,
  passage: Passage,
  excused: Set<Run>,
  totals: { duplicates: number; bound: number },
): void {
  const { timeline, settings } = verdict
  const { message, runs, redrives } = passage
  const unstored = (run: Run, before: number): boolean => unstoredAtFault(timeline, run, settings.storeMs, before)
  const finished: Run[] = []
  let told = 0
  for (const run of runs) {
    if (finished.length > 0) {
      const unexplained = finished.filter(
        (earlier) => isOver(earlier, run, verdict.unordered) && !unstored(earlier, run.start),
      )
      const allowed = extraCopiesOf(passage) + redrives.filter(({ row }) => row < run.row).length + told
      const last = unexplained.at(-1)
      if (last !== undefined && unexplained.length > allowed) {
        told++
        const done = `was ${last.finish} at ${round(doneAt(last))} (${tellRun(verdict, last)})`
        const text = `${done} and ran again ${tellRun(verdict, run)} in ${tellGroup(verdict, group)}`
        accuse(verdict, 'duplicated', [message], `${tellMessage(verdict, message)} ${text}`)
      } else if (finished.some((earlier) => unstored(earlier, run.start))) excused.add(run)
    }
    if (run.finish !== undefined) finished.push(run)
  }
  const repeated = finished.filter((run) => run !== runs.at(-1)).length
  totals.duplicates += Math.max(0, repeated - redrives.length)
  totals.bound += message.extraCopies + finished.filter((run) => unstored(run, Number.POSITIVE_INFINITY)).length
}

/** A run that is still open is no second run but an overlap, unless two copies that no key keeps apart were on their way. */
function isOver(earlier: Run, run: Run, unordered: ReadonlySet<number>): boolean {
  // One that failed is over when its dead letter is stored: what began before that was another attempt.
  if (earlier.letter !== undefined && earlier.letter.row > run.row) return false
  return earlier.endRow < run.row || mayRunTwice(run, unordered)
}

function checkDeadLetters(verdict: Verdict, group: Group, passage: Passage): void {
  const { message, runs, deadLetters, redrives } = passage
  if (deadLetters.length < 2) return
  const { timeline, settings } = verdict
  const ends = runs.filter((run) => run.finish === 'dead-lettered').length
  if (timeline.watched) {
    checkLetters(verdict, group, passage)
    return
  }
  const touched = runs.filter((run) =>
    unstoredAtFault(timeline, run, settings.storeMs, Number.POSITIVE_INFINITY),
  ).length
  // What cannot be decoded has no run: only the group is known, and that it was there since its publish.
  const since = message.calls[0]?.from ?? Number.NEGATIVE_INFINITY
  const unseen = timeline.faults.ofGroup(group.topic, group.name)
  const faults = runs.length === 0 ? unseen.count(since, Number.POSITIVE_INFINITY) : touched
  const allowed = Math.max(1, ends) + faults + redrives.length + extraCopiesOf(passage)
  if (deadLetters.length <= allowed) return
  const text = `lies ${deadLetters.length} times in the dead letters of ${tellGroup(verdict, group)}; ${allowed} can be explained`
  accuse(verdict, 'duplicated', [message], `${tellMessage(verdict, message)} ${text}`)
}

/** Where the broker was watched: of the dead letters that no fault put in doubt there may be one for each copy of the message. */
function checkLetters(verdict: Verdict, group: Group, passage: Passage): void {
  const { faults } = verdict.timeline
  const { message, runs, letters, redrives } = passage
  const hasCopies = extraCopiesOf(passage) > 0
  // Of several copies it is not known whose letter it is: it may be that of the first.
  const runOf = ({ row, instance }: (typeof letters)[number]): Run | undefined => {
    const before = runs.filter((run) => run.row < row && run.instance === instance)
    return hasCopies ? before[0] : before.at(-1)
  }
  const certain = letters.filter((letter) => {
    const windows = faults.ofClaim(letter.instance, group.topic, group.name, NONE)
    // One whose run began before is no answer to this: it was on its way all along.
    const next = letters.find((other) => other.row > letter.row && (runOf(other)?.row ?? letter.row) >= letter.row)
    // Nor which of them the next one is of.
    const until = (hasCopies ? letters.at(-1) : next)?.time ?? letter.time
    // One without a run (nobody can decode it, or it ends processes) may be what an earlier one was sent again as.
    const before = letters.findLast(({ row, instance }) => row < letter.row && instance === letter.instance)
    return windows.count((runOf(letter) ?? { start: before?.time }).start ?? letter.time, until) === 0
  })
  const allowed = 1 + extraCopiesOf(passage) + redrives.length
  if (certain.length <= allowed) return
  const text = `lies ${letters.length} times in the dead letters of ${tellGroup(verdict, group)}; ${letters.length - certain.length} of them a fault can explain`
  accuse(verdict, 'duplicated', [message], `${tellMessage(verdict, message)} ${text}`)
}
