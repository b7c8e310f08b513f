import type { HandlerOutcome, Settlement } from './event.js'
import type { FaultIndex } from './faults.js'
import { NONE, type History } from './table.js'

/** One call of publish. */
export interface PublishCall {
  readonly instance: number
  readonly from: number
  /** Infinite when no result was recorded. */
  to: number
  result: 'ok' | 'refused' | 'uncertain' | 'open'
}

/** One message of one topic, whether published here or only seen. */
export interface Message {
  readonly id: number
  readonly topic: number
  /** As published, else as first delivered. */
  key: number
  /** Who published it first, `NONE` when nobody here did. */
  publisher: number
  sequence: number
  readonly calls: PublishCall[]
  /** How many copies beyond the first the broker may hold. */
  extraCopies: number
  /** When the broker stored one for all groups; empty also where nobody watched it. */
  readonly stored: Fact[]
}

/** Something that the broker has done, and for whom. */
export interface Fact {
  readonly row: number
  readonly time: number
  readonly instance: number
}

/** One handler run. Rows order events of equal time. */
export interface Run {
  readonly message: Message
  readonly group: Group
  readonly key: number
  readonly instance: number
  readonly partition: number
  readonly batch: number
  readonly row: number
  readonly start: number
  /** Infinite while it runs on. */
  end: number
  endRow: number
  outcome: HandlerOutcome | 'open' | 'killed'
  /** The first settlement that reached the broker, and where; undefined when none was recorded. */
  settlement: Settlement | undefined
  settledAt: number
  settledRow: number
  settlements: number
  /** How the delivery was done with, undefined when the message is still owed. */
  finish: 'acked' | 'dead-lettered' | undefined
  /** A failure that may have been dead-lettered and then undone by a fault: it lets the key go on. */
  mayBeDone: boolean
  /** The copy among the dead letters that ended it, where the broker was watched. */
  letter: Fact | undefined
}

/** What one group did with one message. */
export interface Passage {
  readonly message: Message
  /** In the order of their starts. */
  readonly runs: Run[]
  /** Times at which a copy was seen in the dead letters. */
  readonly deadLetters: number[]
  /** Rows and times of redrives. */
  readonly redrives: { readonly row: number; readonly time: number }[]
  /** Copies that the broker stored for this group alone. */
  readonly copies: Fact[]
  /** Dead letters that the broker stored. */
  readonly letters: Fact[]
  /** Copies that the broker knows as done with. */
  readonly settles: Fact[]
}

/** One group of one topic. */
export interface Group {
  readonly topic: number
  readonly name: number
  readonly passages: Map<Message, Passage>
}

/** A stop in good order or a kill: nothing of its scope starts after it. */
export interface Stop {
  readonly row: number
  readonly kind: string
  readonly group: number
  readonly topic: number
}

/** A history read into what the checks ask about. */
export interface Timeline {
  readonly history: History
  readonly messages: readonly Message[]
  readonly groups: readonly Group[]
  /** In the order of their starts. */
  readonly runs: readonly Run[]
  readonly stops: ReadonlyMap<number, readonly Stop[]>
  readonly faults: FaultIndex
  /** The broker was watched: what it stored is known. */
  readonly watched: boolean
}

/** The name behind a number. */
export function nameOf(timeline: Timeline, number: number): string {
  return timeline.history.names[number] ?? 'none'
}

/** When the run was done with as far as its process knew. */
export function doneAt(run: Run): number {
  if (run.letter !== undefined) return run.letter.time
  return run.settlement === undefined ? run.end : run.settledAt
}

/** The row from which the next message of the key may start. */
export function doneRow(run: Run): number {
  if (run.letter !== undefined) return run.letter.row
  return run.settlement === undefined ? run.endRow : Math.min(run.endRow, run.settledRow)
}

/** Whether a fault hit this run while it was open or unstored, at or before the moment asked about. */
export function unstoredAtFault(timeline: Timeline, run: Run, storeMs: number, before: number): boolean {
  const windows = timeline.faults.ofClaim(run.instance, run.group.topic, run.group.name, run.partition)
  return windows.count(run.start, Math.min(endsMattering(run, storeMs), before)) > 0
}

/** Until when a fault may undo the end of a run. A dead letter may be in doubt for long: until the original is settled. */
function endsMattering(run: Run, storeMs: number): number {
  const { letter } = run
  if (letter === undefined) return doneAt(run) + storeMs
  const passage = run.group.passages.get(run.message)
  // Which of several copies was settled is not known.
  if (passage === undefined || extraCopiesOf(passage) > 0) return Number.POSITIVE_INFINITY
  return passage.settles.find(({ row }) => row > letter.row)?.time ?? Number.POSITIVE_INFINITY
}

/** Whether two copies of one message may run at the same time: nothing but a key keeps them apart. */
export function mayRunTwice({ message, group }: Run, unordered: ReadonlySet<number>): boolean {
  if (message.key !== NONE && !unordered.has(group.name)) return false
  const passage = group.passages.get(message)
  return passage !== undefined && extraCopiesOf(passage) > 0
}

/** Copies beyond the first that a group may have to handle. */
export function extraCopiesOf({ message, copies }: Passage): number {
  return message.extraCopies + copies.length
}
