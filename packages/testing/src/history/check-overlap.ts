import { NONE } from './table.js'
import { extraCopiesOf, mayRunTwice, type Group, type Run } from './timeline.js'
import { accuse, tellGroup, tellMessage, tellRun, type Verdict } from './verdict.js'

/** What is open on a lane. Runs of one batch count as one, told by the member that ends last: they are meant to be open together. */
interface Open {
  run: Run
}

/** Finds runs of one key, or of one message, that were open at the same time. */
export function checkOverlap(verdict: Verdict): void {
  const { timeline, unordered } = verdict
  const lanes = new Map<Group, Map<number, Open[]>>()
  for (const group of timeline.groups) {
    lanes.set(group, new Map())
    for (const { runs } of group.passages.values()) checkMessage(verdict, runs)
  }
  for (const run of timeline.runs) {
    if (run.message.key === NONE || unordered.has(run.group.name)) continue
    const keys = lanes.get(run.group) as Map<number, Open[]>
    const before = keys.get(run.message.key) ?? []
    const open = before.filter((other) => other.run.endRow > run.row)
    keys.set(run.message.key, enter(verdict, open, run))
  }
}

function enter(verdict: Verdict, open: Open[], run: Run): Open[] {
  const mate = open.find(
    (other) => run.batch !== NONE && other.run.batch === run.batch && other.run.instance === run.instance,
  )
  const clash = open.find(
    (other) => other !== mate && other.run.message !== run.message && !mayOverlap(verdict, other.run, run),
  )
  if (clash !== undefined) report(verdict, 'overlapping', clash.run, run)
  if (mate === undefined) return [...open, { run }]
  if (run.endRow > mate.run.endRow) mate.run = run
  return open
}

function checkMessage(verdict: Verdict, runs: readonly Run[]): void {
  let open: Run | undefined
  for (const run of runs) {
    const apart = open === undefined || open.endRow <= run.row || mayRunTwice(run, verdict.unordered)
    if (open !== undefined && !apart && !areCopiesOfBatch(open, run) && !mayOverlap(verdict, open, run)) {
      report(verdict, 'overlapping-message', open, run)
    }
    if (open === undefined || run.endRow > open.endRow) open = run
  }
}

/** A batch may hold two copies of a message: they were handed over in their order, in one call. */
function areCopiesOfBatch(a: Run, b: Run): boolean {
  const passage = b.group.passages.get(b.message)
  const mates = b.batch !== NONE && a.batch === b.batch && a.instance === b.instance
  return mates && passage !== undefined && extraCopiesOf(passage) > 0
}

function report(verdict: Verdict, kind: 'overlapping' | 'overlapping-message', earlier: Run, later: Run): void {
  const told = `${tellMessage(verdict, later.message)} started ${tellRun(verdict, later)}`
  const other = `while ${tellMessage(verdict, earlier.message)} ran ${tellRun(verdict, earlier)}`
  accuse(verdict, kind, [later.message, earlier.message], `${told} ${other} in ${tellGroup(verdict, later.group)}`)
}

/** Whether the earlier run had lost its claim when the later one started elsewhere, and the options forgive that. */
export function mayOverlap({ timeline, settings }: Verdict, earlier: Run, later: Run): boolean {
  if (!settings.allowOverlapAfterLoss || earlier.instance === later.instance) return false
  const { group, instance, partition, start } = earlier
  return timeline.faults.ofClaim(instance, group.topic, group.name, partition).count(start, later.start) > 0
}
