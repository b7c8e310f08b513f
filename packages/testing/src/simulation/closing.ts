import type { CloseReport, Messaging } from '@sluice/core'
import type { Instance } from './instance.js'
import type { World } from './world.js'

/** After the deadline of close: stored, leave the group, flush, leave the broker, one second each. */
const goodbyesMs = 4_000
/** The default deadline: a loop over a stream closes its subscription by itself. */
const defaultDeadlineMs = 25_000
/** After the last handler: copies and publishes that are held up on their way and sent again, and storing what was done. */
const afterHandlersMs = 3_000

export interface Closing {
  readonly deadlineMs: number
  /** Ends the loops over streams first. */
  readonly leavesLoops: boolean
}

/** Closes a process, and asks for a reason when that is not clean or takes long. */
export function closeWatched(world: World, instance: Instance, messaging: Messaging, closing: Closing): void {
  const { deadlineMs } = closing
  const { recorder } = world.journal
  seeClosing(world, instance)
  const begunMs = world.clock.monotonic()
  const wasCalm = world.calm
  const troubles = (): number =>
    instance.consumptions.reduce((sum, { runs }) => sum + runs.expired, world.faults + instance.losses)
  const before = troubles()
  const expire = (): void => {
    const expired = world.clock.monotonic() - begunMs >= deadlineMs
    if (instance.living && expired) recorder.fault({ kind: 'drain-expired', instance: instance.name })
  }
  instance.closing = true
  if (closing.leavesLoops) for (const consumption of instance.consumptions) consumption.leaveLoop()
  world.clock.after(deadlineMs, expire)
  void messaging.close({ deadlineMs }).then((report) => {
    if (instance.dead) return
    world.note(`closed ${instance.name}: ${JSON.stringify(report)}`)
    // In the same moment either may come first.
    expire()
    recorder.fault({ kind: 'connection-restored', instance: instance.name })
    recorder.fault({ kind: 'closed', instance: instance.name })
    instance.closed = true
    const undisturbed = wasCalm && world.calm && troubles() === before
    judgeClose(world, instance, report, { deadlineMs, begunMs, undisturbed })
  })
}

interface ClosingFacts {
  readonly deadlineMs: number
  readonly begunMs: number
  /** Nothing was broken at any time of it. */
  readonly undisturbed: boolean
}

function judgeClose(world: World, { name, consumptions }: Instance, report: CloseReport, facts: ClosingFacts): void {
  const { deadlineMs, begunMs, undisturbed } = facts
  const tookMs = world.clock.monotonic() - begunMs
  const told = `close of ${name} within ${deadlineMs} took ${tookMs} and reported ${JSON.stringify(report)}`
  if (tookMs > Math.max(deadlineMs, defaultDeadlineMs) + goodbyesMs) world.problem(told)
  if (!undisturbed) return
  if (!report.clean && tookMs < deadlineMs) world.problem(`${told}, and nothing had gone wrong`)
  const handlersMs = Math.max(0, ...consumptions.map(({ runs }) => runs.lastEndMs - begunMs))
  if (tookMs > handlersMs + afterHandlersMs)
    world.problem(`${told}, and no handler had run for ${tookMs - handlersMs} ms`)
}

/** What is under way when a close begins. */
function seeClosing({ situations }: World, { consumptions }: Instance): void {
  const all = consumptions.flatMap(({ subscription }) => subscription ?? [])
  if (all.some((one) => one.stats().held > one.held().length)) situations.saw('close during a held retry')
  if (all.some(({ state }) => state === 'breaker-open')) situations.saw('breaker open at close')
}
