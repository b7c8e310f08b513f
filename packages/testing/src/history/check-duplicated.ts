import { NONE } from './table.js'
import { doneAt, unstoredAtFault, type Group, type Passage, type Run } from './timeline.js'
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
      const unexplained = finished.filter((earlier) => isOver(earlier, run) && !unstored(earlier, run.start))
      const allowed = message.extraCopies + redrives.filter(({ row }) => row < run.row).length + told
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

/** A run that is still open is no second run but an overlap, unless two copies without a key were on their way. */
function isOver(earlier: Run, run: Run): boolean {
  return earlier.endRow < run.row || (run.message.key === NONE && run.message.extraCopies > 0)
}

function checkDeadLetters(verdict: Verdict, group: Group, { message, runs, deadLetters, redrives }: Passage): void {
  if (deadLetters.length < 2) return
  const { timeline, settings } = verdict
  const ends = runs.filter((run) => run.finish === 'dead-lettered').length
  const touched = runs.filter((run) =>
    unstoredAtFault(timeline, run, settings.storeMs, Number.POSITIVE_INFINITY),
  ).length
  // What cannot be decoded has no run: only the group is known, and that it was there since its publish.
  const since = message.calls[0]?.from ?? Number.NEGATIVE_INFINITY
  const unseen = timeline.faults.ofGroup(group.topic, group.name)
  const faults = runs.length === 0 ? unseen.count(since, Number.POSITIVE_INFINITY) : touched
  const allowed = Math.max(1, ends) + faults + redrives.length + message.extraCopies
  if (deadLetters.length <= allowed) return
  const text = `lies ${deadLetters.length} times in the dead letters of ${tellGroup(verdict, group)}; ${allowed} can be explained`
  accuse(verdict, 'duplicated', [message], `${tellMessage(verdict, message)} ${text}`)
}
