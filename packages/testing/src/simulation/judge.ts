import { checkHistory } from '../history/check.js'
import { formatReport, type HistoryCounts } from '../history/report.js'
import type { World } from './world.js'

/** How long after its handler a delivery may be unsettled at the broker: storing, the way there, and an idempotency store that is slow. */
const storeMs = 500

/** Lets the checker judge what was written down. */
export function judge({ plan, control, journal }: World): HistoryCounts {
  const { groups } = plan
  const { recorder } = journal
  for (const { topic, group } of groups) {
    for (const { id } of control.deadLetters({ topic, group }))
      if (id !== undefined) recorder.deadLetterSeen({ topic, id, group })
  }
  const report = checkHistory(recorder.history(), {
    groups: groups.map(({ topic, group }) => ({ topic, group })),
    allowOverlapAfterLoss: true,
    storeMs,
    unorderedGroups: groups.filter(({ ordered }) => !ordered).map(({ group }) => group),
    deduplicatedGroups: groups.filter(({ idempotent }) => idempotent !== undefined).map(({ group }) => group),
  })
  if (!report.ok) journal.problem(formatReport(report))
  return report.counts
}
