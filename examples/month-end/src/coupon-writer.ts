import type { Limiter } from '@sluice/core'
import type { Database } from './database.js'
import type { Flow } from './flow.js'
import { startInstance, type Instance } from './instance.js'
import { createRateMeter, type RateMeter } from './measure.js'
import { coupons, type Coupon } from './topics.js'

/** What all writers together did, for the checks. */
export interface Journal {
  /** Coupons as the writers begin with them; this is what the rate limit governs. */
  readonly begun: RateMeter
  /** All that writers were handed, repetitions included. */
  deliveries: number
  /** Codes of coupons that a writer was done with. */
  readonly finished: Set<string>
}

export const createJournal = (): Journal => ({
  begun: createRateMeter(),
  deliveries: 0,
  finished: new Set(),
})

export interface WriterOptions {
  readonly database: Database
  readonly rateLimit: Limiter
  readonly journal: Journal
  readonly flow: Flow
  /** Called for each batch before it is written, and again before it is acknowledged: the moments at which a crash hurts. */
  readonly crashPoint?: (at: 'begun' | 'written', size: number) => Promise<void>
}

export interface Writer extends Instance {
  /** Coupons that this writer has begun with and is not done with. */
  readonly inHand: number
}

/** A service that brings coupons into the database, many with one statement. */
export async function startWriter({ database, rateLimit, journal, flow, crashPoint }: WriterOptions): Promise<Writer> {
  const instance = await startInstance()
  const options = { group: 'ledger', rateLimit, concurrency: 4, maxSize: 100, maxWaitMs: 20, window: { messages: 500 } }
  let inHand = 0
  await instance.messaging.subscribeBatch(coupons, options, async (deliveries) => {
    await instance.alive()
    const batch = deliveries.map(({ message }) => message.payload)
    journal.begun.add(batch.length)
    journal.deliveries += batch.length
    inHand += batch.length

    await crashPoint?.('begun', batch.length)
    await instance.alive()
    await database.insertCoupons(batch)
    await crashPoint?.('written', batch.length)
    await instance.alive()

    inHand -= batch.length
    flow.addDone(remember(journal.finished, batch))
  })
  return {
    ...instance,
    get inHand() {
      return inHand
    },
  }
}

/** How many of the coupons are new to the set. */
function remember(finished: Set<string>, batch: readonly Coupon[]): number {
  const before = finished.size
  for (const { code } of batch) finished.add(code)
  return finished.size - before
}
