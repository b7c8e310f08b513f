/** What a history can be guilty of. */
export type ViolationKind =
  /** A message that had to be handled never was, nor dead-lettered. */
  | 'lost'
  /** Delivered though refused, never published, not yet published, or under another key. */
  | 'phantom'
  /** A finished message ran again, or lies twice in the dead letters, and no fault explains it. */
  | 'duplicated'
  /** A message started while an earlier one of its key was not finished, or a restart stepped back. */
  | 'out-of-order'
  /** Two runs of one key and group at the same time. */
  | 'overlapping'
  /** Two runs of one message and group at the same time. */
  | 'overlapping-message'
  /** More than one settlement of one delivery. */
  | 'settled-twice'
  /** A run started on an instance that had stopped. */
  | 'after-stop'
  /** A publish resolved and the broker had stored nothing. */
  | 'confirmed-early'
  /** The broker was told that a message is done with, and nothing had ended it. */
  | 'settled-early'

/** One thing that must not have happened. */
export interface Violation {
  readonly kind: ViolationKind
  /** A sentence with names and times. */
  readonly text: string
  /** The messages concerned; the guilty one first. */
  readonly ids: readonly string[]
}

/** How much a history holds. */
export interface HistoryCounts {
  readonly events: number
  /** Different messages for which publish was called. */
  readonly published: number
  /** Messages with at least one publish that resolved. */
  readonly confirmed: number
  /** Messages whose every publish was refused. */
  readonly refused: number
  /** Messages with an uncertain publish and none that resolved. */
  readonly uncertain: number
  /** Handler runs. */
  readonly delivered: number
  /** Pairs of message and group with a run that was acked. */
  readonly handled: number
  /** Pairs of message and group that were dead-lettered. */
  readonly deadLettered: number
  /** Finished runs after which the same message ran again in its group, redrives left out. */
  readonly duplicates: number
  /** Different keys, counted per topic. */
  readonly keys: number
  /** Events about instances that can excuse something: kills, lost claims and connections, expired drains. */
  readonly faults: number
}

/** The verdict over a history. */
export interface HistoryReport {
  readonly ok: boolean
  readonly violations: readonly Violation[]
  readonly counts: HistoryCounts
  /** The most duplicates that the recorded faults and uncertain publishes allow. */
  readonly duplicateBound: number
}

/** The report in words: one line of counts, then at most `limit` violations. */
export function formatReport(report: HistoryReport, limit = 20): string {
  const { violations, counts, duplicateBound } = report
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  const lines = [
    `${report.ok ? 'ok' : `${violations.length} violations`}: ${parts.join(', ')}, bound ${duplicateBound}`,
  ]
  for (const { kind, text } of violations.slice(0, limit)) lines.push(`  ${kind}: ${text}`)
  if (violations.length > limit) lines.push(`  and ${violations.length - limit} more`)
  return lines.join('\n')
}
