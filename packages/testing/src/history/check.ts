import { checkDuplicated } from './check-duplicated.js'
import { checkLost } from './check-lost.js'
import { checkOrder } from './check-order.js'
import { checkOverlap } from './check-overlap.js'
import { checkPhantom } from './check-phantom.js'
import { checkFacts } from './check-facts.js'
import { checkAfterStop, checkSettledTwice } from './check-stops.js'
import { checkSettings, type CheckOptions } from './options.js'
import { readTimeline } from './read-timeline.js'
import type { HistoryCounts, HistoryReport } from './report.js'
import { NONE, type History } from './table.js'
import type { Message, Timeline } from './timeline.js'
import type { Verdict } from './verdict.js'

/** Judges a recorded history. Everything is derived from recorded events and their times. */
export function checkHistory(history: History, options: CheckOptions = {}): HistoryReport {
  const settings = checkSettings(options)
  const timeline = readTimeline(history, settings)
  const unordered = new Set(settings.unorderedGroups.map((name) => history.names.indexOf(name)))
  const verdict: Verdict = { timeline, settings, violations: [], unordered }
  checkLost(verdict)
  checkPhantom(verdict)
  const { duplicates, bound, excused } = checkDuplicated(verdict)
  checkOrder(verdict, excused)
  checkOverlap(verdict)
  checkSettledTwice(verdict)
  checkFacts(verdict)
  checkAfterStop(verdict)
  const { violations } = verdict
  const counts = countHistory(timeline, duplicates)
  return { ok: violations.length === 0, violations, counts, duplicateBound: bound }
}

function countHistory({ history, messages, groups, runs, faults }: Timeline, duplicates: number): HistoryCounts {
  const published = messages.filter(({ calls }) => calls.length > 0)
  const has = (message: Message, wanted: string): boolean => message.calls.some(({ result }) => result === wanted)
  const unconfirmed = published.filter((message) => !has(message, 'ok'))
  const passages = groups.flatMap((group) => [...group.passages.values()])
  return {
    events: history.size,
    published: published.length,
    confirmed: published.length - unconfirmed.length,
    refused: unconfirmed.filter(({ calls }) => calls.every(({ result }) => result === 'refused')).length,
    uncertain: unconfirmed.filter((message) => has(message, 'uncertain')).length,
    delivered: runs.length,
    handled: passages.filter((passage) => passage.runs.some(({ finish }) => finish === 'acked')).length,
    deadLettered: passages.filter(
      (passage) => passage.deadLetters.length > 0 || passage.runs.some(({ finish }) => finish === 'dead-lettered'),
    ).length,
    duplicates,
    keys: new Set(messages.filter(({ key }) => key !== NONE).map(({ topic, key }) => `${topic} ${key}`)).size,
    faults: faults.size,
  }
}
