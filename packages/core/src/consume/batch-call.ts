import type { Message } from '../model/message.js'
import { isThenable, whenEnded, type Calling } from './calling.js'
import { CoreDelivery } from './delivery.js'
import type { Ending } from './ending.js'
import type { InvokeBatch } from './invoke.js'
import type { Party } from './prepare.js'
import type { Scheduler } from './scheduler.js'
import type { Settlement } from './settlement.js'
import { gone, type Work } from './work.js'

export interface BatchCallContext {
  readonly group: string
  readonly invoke: InvokeBatch
  readonly calling: Calling
  readonly ending: Ending
  readonly settlement: Settlement
  readonly scheduler: () => Scheduler
}

/** One call of a batch handler: waits until every member is ready or dropped, and then calls it with those that are left. */
export class BatchCall implements Party {
  readonly #c: BatchCallContext
  readonly #works: readonly Work[]
  /** Those that do not take part; most calls have none. */
  #dropped: Set<Work> | undefined
  #preparing: number

  constructor(context: BatchCallContext, works: readonly Work[]) {
    this.#c = context
    this.#works = works
    this.#preparing = works.length
  }

  ready(): void {
    this.#preparing -= 1
    if (this.#preparing === 0) this.#invoke()
  }

  /** What follows it in its lane may not overtake it when it comes again. */
  dropped(work: Work, end: () => void): void {
    this.#preparing -= 1
    this.#dropped ??= new Set()
    this.#dropped.add(work)
    const scheduler = this.#c.scheduler()
    const alone = this.#works.length === 1
    if (alone) scheduler.slotFreed(work.solo)
    work.solo = false
    end()
    if (alone) scheduler.pump()
    else if (this.#preparing === 0) this.#invoke()
  }

  #invoke(): void {
    const { calling, ending, invoke, group } = this.#c
    const members = this.#membersInOrder()
    if (members.length === 0) {
      this.#c.scheduler().slotFreed(false)
      this.#c.scheduler().pump()
      return
    }
    const deliveries = members.map((work) => {
      work.delivery = new CoreDelivery(work, work.message as Message, group)
      return work.delivery
    })
    const cancelTimeout = calling.watch(members)
    const end = (failed: boolean, error: unknown): void => {
      cancelTimeout?.()
      ending.ended(members, failed, error)
    }
    try {
      const result = calling.trace(deliveries, () => invoke(deliveries))
      if (isThenable(result)) {
        const fulfilled = (): void => end(false, undefined)
        whenEnded(result, fulfilled, (error) => end(true, error))
        return
      }
    } catch (error) {
      end(true, error)
      return
    }
    end(false, undefined)
  }

  /**
   * A member behind one of its own lane that was dropped goes back: it may not run before it. One whose claim went while others were
   * prepared does not start any more.
   */
  #membersInOrder(): readonly Work[] {
    const dropped = this.#dropped
    if (dropped === undefined && !this.#works.some(gone)) return this.#works
    const blocked = new Set<Work['lane']>()
    const members: Work[] = []
    const back: Work[] = []
    const lost: Work[] = []
    for (const work of this.#works) {
      if (dropped?.has(work) === true) {
        // Those before it go on: it may be waiting for one of them, as a second copy of a message does.
        if (work.state !== 'ended' && work.state !== 'copying') blocked.add(work.lane)
      } else if (gone(work)) lost.push(work)
      else if (blocked.has(work.lane)) back.push(work)
      else members.push(work)
    }
    for (const work of lost) this.#c.settlement.abandon(work)
    for (const work of back) this.#c.ending.putBack(work)
    return members
  }
}
