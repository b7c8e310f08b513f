import type { Delivery } from '@sluice/core'
import type { HandlerOutcome } from '../../history/event.js'
import { isGone, isLate, type Run, type Runs } from './runs.js'
import { finish } from './single.js'

export interface BatchHooks {
  readonly nextNumber: () => number
  /** Some members of a batch were done and some were not. */
  readonly partlyFailed: () => void
}

/** A handler of batches that does anything that such handlers may do. */
export function createBatch(runs: Runs, hooks: BatchHooks): (deliveries: readonly Delivery[]) => Promise<void> {
  const { world, plan, dead } = runs.context
  /** Members of a batch that failed: each has to come alone now. */
  const mustBeAlone = new Set<string>()

  const check = (deliveries: readonly Delivery[]): void => {
    const { length } = deliveries
    if (length > plan.maxSize || length === 0) world.problem(`a batch of ${length} in ${plan.group}`)
    for (const { message } of deliveries) {
      // Of several copies another one may come.
      if (length > 1 && mustBeAlone.has(message.id) && world.facts.copies(message.id) === 1)
        world.problem(`${message.id} came to ${plan.group} in a batch after one had failed`)
    }
    if (length === 1) mustBeAlone.delete(deliveries[0]?.message.id ?? '')
  }

  return async (deliveries) => {
    if (dead()) return new Promise(() => undefined)
    runs.enter()
    check(deliveries)
    const number = hooks.nextNumber()
    const members = deliveries.map((delivery) => runs.begin(delivery, number))
    const [first] = members as [Run]
    await runs.work(first)
    runs.leave()
    if (members.length === 1) {
      finish(runs, first)
      return
    }
    const broken = runs.context.broken()
    const fails = broken || (!world.quiet && first.random.chance(0.3))
    const done = settleMembers(runs, members, fails)
    if (done > 0 && done < members.length) hooks.partlyFailed()
    if (!fails) return
    for (const run of members) {
      if (run.delivery.settled) continue
      if (!run.delivery.signal.aborted) mustBeAlone.add(run.delivery.message.id)
      // Nothing is counted: who was wrong is not known.
      runs.end(run, 'given-back')
    }
    throw new Error('the batch has failed')
  }
}

/** Settles each, or, when the batch fails, some of them. Returns how many are done. */
function settleMembers(runs: Runs, members: readonly Run[], fails: boolean): number {
  // Core takes back what follows a member of its key that is not done.
  const blocked = new Set<unknown>()
  let done = 0
  for (const run of members) {
    const { key } = run.delivery.message
    const lane = runs.context.plan.ordered && key !== null ? String(key) : undefined
    const follows = lane !== undefined && blocked.has(lane)
    if (!(fails && run.random.chance(0.5)) && settleMember(runs, run, follows)) done += 1
    else if (lane !== undefined) blocked.add(lane)
  }
  return done
}

/** Whether it is done. */
function settleMember(runs: Runs, run: Run, follows: boolean): boolean {
  const { delivery, random } = run
  const dice = runs.context.world.quiet ? 0 : random.next()
  const told = (outcome: HandlerOutcome): boolean => {
    runs.end(run, follows ? 'given-back' : outcome)
    return !follows && (outcome === 'dead-lettered' || (outcome === 'ok' && !isLate(delivery)))
  }
  if (isGone(delivery)) {
    // What the store would be told of a lost member behind a failed one of its key is more than can be told from outside.
    void delivery.retry()
    return told('lost')
  }
  if (dice < 0.65) {
    void delivery.ack()
    return told('ok')
  }
  if (dice < 0.8) {
    void delivery.retry()
    return told('retried')
  }
  if (dice < 0.9) {
    void delivery.giveBack()
    return told('given-back')
  }
  void delivery.deadLetter('member')
  return told('dead-lettered')
}
