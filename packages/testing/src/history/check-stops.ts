import { NONE } from './table.js'
import { accuse, round, tellGroup, tellMessage, tellRun, type Verdict } from './verdict.js'
import { nameOf } from './timeline.js'

/** Finds deliveries that were settled more than once. */
export function checkSettledTwice(verdict: Verdict): void {
  for (const run of verdict.timeline.runs) {
    if (run.settlements < 2) continue
    const text = `was settled ${run.settlements} times (${tellRun(verdict, run)}) in ${tellGroup(verdict, run.group)}`
    accuse(verdict, 'settled-twice', [run.message], `${tellMessage(verdict, run.message)} ${text}`)
  }
}

/** Finds runs that started on an instance that was killed, drained or closed before. */
export function checkAfterStop(verdict: Verdict): void {
  const { timeline, settings } = verdict
  if (settings.afterStop === 'ignore') return
  for (const run of timeline.runs) {
    const stop = timeline.stops
      .get(run.instance)
      ?.find(({ row, topic, group }) => row < run.row && fits(topic, run.group.topic) && fits(group, run.group.name))
    if (stop === undefined) continue
    const when = round(timeline.history.columns.time[stop.row] as number)
    const text = `started ${tellRun(verdict, run)}, but ${nameOf(timeline, run.instance)} was ${stop.kind} at ${when}`
    accuse(verdict, 'after-stop', [run.message], `${tellMessage(verdict, run.message)} ${text}`)
  }
}

function fits(scope: number, value: number): boolean {
  return scope === NONE || scope === value
}
