import { textOf } from '../errors/text-of.js'
import type { Emitter } from '../model/emitter.js'
import type { Consumer } from '../spi/consuming.js'
import type { GroupRef } from '../spi/sending.js'
import type { Dedupe } from './dedupe.js'
import type { CoreDelivery } from './delivery.js'
import { acked, type Outcome } from './outcome.js'
import type { Scheduler } from './scheduler.js'
import type { Settlement } from './settlement.js'
import type { Work } from './work.js'

export interface EndingContext {
  readonly ref: GroupRef
  readonly dedupe: Dedupe | undefined
  readonly settlement: Settlement
  readonly scheduler: () => Scheduler
  readonly consumer: () => Consumer
  readonly emitter: Emitter
}

const givenBack: Outcome = Object.freeze({ kind: 'give-back', delayMs: 0 })

/** Finds out how each delivery of a call has ended, and hands it to the settlement. */
export class Ending {
  readonly #c: EndingContext

  constructor(context: EndingContext) {
    this.#c = context
  }

  /** The handler of one or several deliveries has ended; `failed` when it threw or rejected. */
  ended(members: readonly Work[], failed: boolean, error: unknown): void {
    const [first] = members
    if (members.length === 1 && first !== undefined) this.endedOne(first, failed, error)
    else {
      this.#c.scheduler().slotFreed(false)
      this.#applyBatch(members, failed, error)
      this.#c.scheduler().pump()
    }
  }

  endedOne(work: Work, failed: boolean, error: unknown): void {
    const scheduler = this.#c.scheduler()
    const alone = work.solo
    scheduler.slotFreed(alone)
    if (alone) this.#survived(work)
    this.#apply(work, failed, error)
    scheduler.pump()
  }

  /** Back to its place without an attempt counted; what was claimed for it is released. */
  putBack(work: Work): void {
    // What was said of this run does not hold for the next.
    work.overdue = false
    const requeue = (): void => this.#c.settlement.requeue(work)
    if (work.fence !== undefined && this.#c.dedupe !== undefined) this.#c.dedupe.release(work, requeue)
    else requeue()
  }

  /** The process is still here: the record of the start would accuse an innocent message. */
  #survived(work: Work): void {
    work.survived = true
    work.solo = false
    if (work.lost) this.#c.settlement.acquit(work)
    else
      this.#c
        .consumer()
        .recordStart(work.inbound, 0)
        .catch(() => undefined)
  }

  #apply(work: Work, failed: boolean, error: unknown): void {
    const outcome = this.#outcome(work, failed, error)
    if (work.lost) this.#applyLost(work, outcome)
    else this.#c.settlement.apply(work, outcome)
  }

  /** Nothing reaches the broker. The store may still learn that the effect is there. */
  #applyLost(work: Work, outcome: Outcome): void {
    const { emitter, ref, dedupe, settlement } = this.#c
    emitter.emit('lost', { ...ref, id: work.id, attempt: work.failures + 1 })
    const leave = (): void => settlement.leave(work)
    if (work.fence === undefined || dedupe === undefined) leave()
    else if (outcome.kind === 'ack') dedupe.complete(work, leave, leave)
    else dedupe.release(work, leave)
  }

  #outcome(work: Work, failed: boolean, error: unknown): Outcome {
    const delivery = work.delivery as CoreDelivery
    const overdue = work.overdue
    work.overdue = false
    const own = delivery.outcome
    const ended: Outcome = failed ? { kind: 'retry', delayMs: undefined, error, asked: false } : acked
    const concluded = delivery.conclude(work.lost && delivery.stopped ? givenBack : ended)
    if (overdue && concluded.kind === 'ack')
      return { kind: 'retry', delayMs: undefined, error: delivery.abortedBy, asked: false }
    if (failed && own !== undefined) this.#c.emitter.emit('notice', noticeOf(this.#c.ref, work, error))
    return concluded
  }

  #applyBatch(members: readonly Work[], failed: boolean, error: unknown): void {
    // Of keys only: two copies of a message without one may share a lane, and neither has to wait for the other.
    const blocked = new Set<Work['lane']>()
    const block = ({ lane }: Work): void => {
      if (lane.keyed) blocked.add(lane)
    }
    const back: Work[] = []
    for (const work of members) {
      const settled = work.delivery?.settled === true
      if (failed && !settled) {
        // Who was wrong is not known: each comes again alone, and only then may an attempt be counted.
        work.delivery?.conclude(givenBack)
        work.single = true
        if (work.lost) this.#applyLost(work, givenBack)
        else back.push(work)
        block(work)
      } else if (blocked.size > 0 && blocked.has(work.lane) && !work.lost) back.push(work)
      else {
        const outcome = this.#outcome(work, false, error)
        if (outcome.kind === 'retry' || outcome.kind === 'give-back') block(work)
        if (work.lost) this.#applyLost(work, outcome)
        else this.#c.settlement.apply(work, outcome)
      }
    }
    for (const work of back) this.putBack(work)
  }
}

const noticeOf = (ref: GroupRef, work: Work, error: unknown) => ({
  ...ref,
  kind: 'threw-after-settling',
  text: `the handler of ${work.id} threw after it had settled: ${textOf(error)}`,
  count: undefined,
})
