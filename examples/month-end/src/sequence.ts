import type { OrderEvent } from './topics.js'

/** Watches one group: do the steps of each order come one after the other, while orders run side by side? */
export interface Sequence {
  begin(event: OrderEvent): void
  end(event: OrderEvent): void
  /** Steps that came before, or together with, the one in front of them, or a second time. */
  readonly outOfOrder: number
  /** The most orders that were in work at the same time. */
  readonly mostAtOnce: number
}

export function createSequence(): Sequence {
  const lastStep = new Map<string, number>()
  const inWork = new Set<string>()
  let outOfOrder = 0
  let mostAtOnce = 0
  return {
    begin({ orderId, step }) {
      if (inWork.has(orderId) || step !== (lastStep.get(orderId) ?? 0) + 1) outOfOrder += 1
      lastStep.set(orderId, step)
      inWork.add(orderId)
      mostAtOnce = Math.max(mostAtOnce, inWork.size)
    },
    end({ orderId }) {
      inWork.delete(orderId)
    },
    get outOfOrder() {
      return outOfOrder
    },
    get mostAtOnce() {
      return mostAtOnce
    },
  }
}
