import type { Clock, IdempotencyStore } from '@sluice/core'
import type { Seeded } from './seeded.js'

/** A store that several processes share, over a way of their own that is slow or broken at times. */
export interface StoreWay extends IdempotencyStore {
  mood: 'quick' | 'slow' | 'down'
}

export interface StoreWayOptions {
  readonly clock: Clock
  readonly random: Seeded
  readonly dead: () => boolean
  /** An id was taken over by somebody else while its handler ran, or cannot be marked as done yet. */
  readonly stale: () => void
}

export function createStoreWay(store: IdempotencyStore, { clock, random, dead, stale }: StoreWayOptions): StoreWay {
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (ms === 0) resolve()
      else clock.after(ms, resolve)
    })
  const never = new Promise<never>(() => undefined)
  const call = async <T>(run: () => Promise<T>): Promise<T> => {
    const [there, back] = way.mood === 'quick' ? [random.int(0, 2), 0] : [random.int(0, 60), random.int(0, 60)]
    await wait(there)
    if (dead()) return never
    if (way.mood === 'down' && random.chance(0.8)) throw new Error('the store is away')
    const result = await run()
    await wait(back)
    if (dead()) return never
    if (way.mood === 'down') throw new Error('the answer of the store is lost')
    return result
  }
  const way: StoreWay = {
    name: 'way',
    mood: 'quick',
    claim: (entry) => call(() => store.claim(entry)),
    renew: (entry, fence) => call(() => store.renew(entry, fence)),
    complete: async (entry, fence) => {
      try {
        const ours = await call(() => store.complete(entry, fence))
        if (!ours) stale()
        return ours
      } catch (error) {
        stale()
        throw error
      }
    },
    release: (entry, fence) => call(() => store.release(entry, fence)),
  }
  return way
}
