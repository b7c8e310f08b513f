import { mayOverlap } from './check-overlap.js'
import { NONE } from './table.js'
import { doneRow, type Group, type Message, type Passage, type Run } from './timeline.js'
import { accuse, tellGroup, tellMessage, tellRun, type Verdict } from './verdict.js'

/** Messages of one topic, key and publisher whose order is certain: published once, confirmed. */
type Stream = readonly Message[]

/** Finds messages that started before an earlier one of their key was done with, and restarts that stepped back. */
export function checkOrder(verdict: Verdict, excused: ReadonlySet<Run>): void {
  const { timeline, unordered } = verdict
  const streams = collectStreams(timeline.messages)
  for (const group of timeline.groups) {
    if (unordered.has(group.name)) continue
    for (const stream of streams) if (stream[0]?.topic === group.topic) checkStream(verdict, group, stream, excused)
  }
}

function collectStreams(messages: readonly Message[]): readonly Stream[] {
  const streams = new Map<string, Message[]>()
  for (const message of messages) {
    const { topic, key, publisher, calls } = message
    if (key === NONE || calls.length !== 1 || calls[0]?.result !== 'ok') continue
    const name = `${topic} ${key} ${publisher}`
    const stream = streams.get(name)
    if (stream === undefined) streams.set(name, [message])
    else stream.push(message)
  }
  for (const stream of streams.values()) stream.sort((a, b) => a.sequence - b.sequence)
  return [...streams.values()]
}

/** A message is done with from this row on. */
interface End {
  readonly position: number
  readonly row: number
}

interface Step {
  readonly position: number
  readonly run: Run
}

function checkStream(verdict: Verdict, group: Group, stream: Stream, excused: ReadonlySet<Run>): void {
  const passages = stream.flatMap((message) => group.passages.get(message) ?? []).filter(isInPlace)
  const steps = passages.flatMap(({ runs }, position) => runs.map((run): Step => ({ position, run })))
  const starts = steps.toSorted((a, b) => a.run.row - b.run.row)
  const ends = passages
    .flatMap((passage, position) => endRows(passage).map((row): End => ({ position, row })))
    .sort((a, b) => a.row - b.row)
  const done = new Uint8Array(passages.length)
  const furthest = new Map<number, Step>()
  let front = 0
  let ended = 0
  for (const step of starts) {
    const { position, run } = step
    for (let end = ends[ended]; end !== undefined && end.row < run.row; end = ends[++ended]) done[end.position] = 1
    while (front < passages.length && done[front] === 1) front++
    for (let earlier = front; earlier < position; earlier++) {
      if (done[earlier] === 1) continue
      const { message, runs } = passages[earlier] as (typeof passages)[number]
      if (runs.some((other) => isElsewhere(verdict, other, run))) continue
      const state = runs.some(({ row }) => row < run.row) ? 'was finished' : 'had started'
      const text = `started ${tellRun(verdict, run)} before ${tellMessage(verdict, message)} ${state}`
      accuse(
        verdict,
        'out-of-order',
        [run.message, message],
        `${tellMessage(verdict, run.message)} ${text} in ${tellGroup(verdict, group)}`,
      )
      // Told once; the rest of the key is judged as if it had been in its place.
      done[earlier] = 1
    }
    checkStepBack(verdict, group, step, furthest, excused)
  }
}

/** A dead letter ends a message also when no handler had it before, as one that is said to have ended its process. */
function endRows({ runs, letters }: Passage): readonly number[] {
  const done = runs.filter(({ finish, mayBeDone }) => finish !== undefined || mayBeDone).map(doneRow)
  return [...done, ...letters.map(({ row }) => row)]
}

/** What never ran is lost or was dead-lettered unread, and a redrive promises no order: neither holds anybody up. */
function isInPlace({ runs, redrives }: Passage): boolean {
  const first = runs[0]
  return first !== undefined && !redrives.some(({ row }) => row < first.row)
}

/** Open at that moment: a member of the same batch, or an overlap that is reported as one. */
function isElsewhere(verdict: Verdict, other: Run, run: Run): boolean {
  if (other.row > run.row || other.endRow < run.row) return false
  return isBatchMate(other, run) || !mayOverlap(verdict, other, run)
}

function isBatchMate(a: Run, b: Run): boolean {
  return a.batch !== NONE && a.batch === b.batch && a.instance === b.instance
}

/** They stood in one batch, and the batch was not done with the earlier one: what was behind it comes again after it. */
function isPresentedAgain(run: Run, furthest: Run): boolean {
  const before = run.group.passages
    .get(run.message)
    ?.runs.findLast((other) => other.row < run.row && other.instance === run.instance)
  return before !== undefined && before.finish === undefined && isBatchMate(before, furthest)
}

/** After a fault an instance starts again at the earliest message it owes; going back once more needs another fault. */
function checkStepBack(
  verdict: Verdict,
  group: Group,
  step: Step,
  furthest: Map<number, Step>,
  excused: ReadonlySet<Run>,
): void {
  const { run, position } = step
  const last = furthest.get(run.instance)
  const { faults } = verdict.timeline
  const fault =
    last !== undefined &&
    faults.ofClaim(run.instance, group.topic, group.name, run.partition).count(last.run.start, run.start) > 0
  if (last === undefined || position >= last.position || fault || isPresentedAgain(run, last.run)) {
    furthest.set(run.instance, step)
  } else if (excused.has(run) && run.message.extraCopies === 0) {
    const text = `ran again ${tellRun(verdict, run)} after ${tellMessage(verdict, last.run.message)} had started there`
    accuse(
      verdict,
      'out-of-order',
      [run.message, last.run.message],
      `${tellMessage(verdict, run.message)} ${text} in ${tellGroup(verdict, group)}`,
    )
  }
}
