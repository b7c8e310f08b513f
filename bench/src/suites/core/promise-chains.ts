import type { Running } from '../../measure/passes.js'
import { ordersOf } from './order.js'
import { workOf } from '../../measure/working-times.js'

/**
 * The same work without any broker or promise of Sluice's: a chain of promises per key, written by hand. It has no limit of
 * concurrency, because there are never more chains at work than keys.
 */
export function openPromiseChains(customers: number): Running {
  const orderOf = ordersOf(customers)
  return {
    pass: async (messages) => {
      const work = workOf(messages)
      const chains = new Map<string, Promise<unknown>>()
      for (let id = 0; id < messages; id++) {
        const order = orderOf(id)
        const before = chains.get(order.customer) ?? Promise.resolve()
        chains.set(
          order.customer,
          before.then(() => work(id)),
        )
      }
      await Promise.all(chains.values())
    },
    close: async () => undefined,
  }
}
