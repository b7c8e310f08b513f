import type { CheckSettings } from './options.js'
import type { Violation, ViolationKind } from './report.js'
import { nameOf, type Group, type Message, type Run, type Timeline } from './timeline.js'

/** What every check gets, and where it puts what it finds. */
export interface Verdict {
  readonly timeline: Timeline
  readonly settings: CheckSettings
  readonly violations: Violation[]
  /** Groups without order, by the number of their name. */
  readonly unordered: ReadonlySet<number>
}

/** Notes a violation; the messages are the guilty one first. */
export function accuse(verdict: Verdict, kind: ViolationKind, messages: readonly Message[], text: string): void {
  verdict.violations.push({ kind, text, ids: messages.map(({ id }) => nameOf(verdict.timeline, id)) })
}

/** A message in words. */
export function tellMessage({ timeline }: Verdict, { id, topic }: Message): string {
  return `'${nameOf(timeline, id)}' of ${nameOf(timeline, topic)}`
}

/** A group in words. */
export function tellGroup({ timeline }: Verdict, group: Group): string {
  return `group ${nameOf(timeline, group.name)}`
}

/** A run in words: where and when. */
export function tellRun({ timeline }: Verdict, run: Run): string {
  const end = run.end < Number.POSITIVE_INFINITY ? `${round(run.end)} ${run.outcome}` : 'still open'
  return `on ${nameOf(timeline, run.instance)} ${round(run.start)} to ${end}`
}

/** A time in words. */
export function round(time: number): string {
  return `${Math.round(time * 1000) / 1000} ms`
}
