import type { Message } from '../model/message.js'
import type { Cancel } from '../model/clock.js'
import { isThenable, whenEnded, type Calling } from './calling.js'
import { CoreDelivery } from './delivery.js'
import type { Ending } from './ending.js'
import type { InvokeOne } from './invoke.js'
import type { Party } from './prepare.js'
import type { Scheduler } from './scheduler.js'
import type { Work } from './work.js'

export interface SingleCallsContext {
  readonly group: string
  readonly invoke: InvokeOne
  readonly calling: Calling
  readonly ending: Ending
  readonly scheduler: () => Scheduler
}

/** Calls the handler of single deliveries. */
export class SingleCalls implements Party {
  readonly #c: SingleCallsContext
  /** Slots without a call, at most as many as there were calls at the same time. */
  readonly #free: Slot[] = []

  constructor(context: SingleCallsContext) {
    this.#c = context
  }

  dropped(work: Work, end: () => void): void {
    const scheduler = this.#c.scheduler()
    scheduler.slotFreed(work.solo)
    work.solo = false
    end()
    scheduler.pump()
  }

  ready(work: Work): void {
    const { calling, invoke, group } = this.#c
    const delivery = new CoreDelivery(work, work.message as Message, group)
    work.delivery = delivery
    const slot = this.#free.pop() ?? new Slot(this.#ended)
    slot.work = work
    if (calling.timed) slot.cancelTimeout = calling.watch([work])
    try {
      const result = calling.traced ? calling.trace([delivery], () => invoke(delivery)) : invoke(delivery)
      if (isThenable(result)) {
        whenEnded(result, slot.fulfilled, slot.rejected)
        return
      }
    } catch (error) {
      slot.rejected(error)
      return
    }
    slot.fulfilled()
  }

  readonly #ended = (slot: Slot, failed: boolean, error: unknown): void => {
    const { work } = slot
    slot.cancelTimeout?.()
    slot.cancelTimeout = undefined
    slot.work = undefined
    this.#free.push(slot)
    if (work !== undefined) this.#c.ending.endedOne(work, failed, error)
  }
}

/** One call after the other: what listens to the end of a handler is made once, and not for each message. */
class Slot {
  work: Work | undefined = undefined
  cancelTimeout: Cancel | undefined = undefined
  readonly fulfilled: () => void
  readonly rejected: (error: unknown) => void

  constructor(ended: (slot: Slot, failed: boolean, error: unknown) => void) {
    this.fulfilled = () => ended(this, false, undefined)
    this.rejected = (error) => ended(this, true, error)
  }
}
