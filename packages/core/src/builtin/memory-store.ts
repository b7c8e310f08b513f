import { checkClock, checkKeys, checkMs, checkNumber } from '../errors/check-options.js'
import { Deque } from '../kit/deque.js'
import { systemClock, type Clock } from '../model/clock.js'
import type { IdempotencyClaim, IdempotencyEntry, IdempotencyStore } from '../model/store.js'

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** How long an id is remembered after its message was handled, in ms. @default 86400000 (24 hours) */
  readonly retainMs?: number
  /** How long a claim lasts that its owner does not renew, in ms. @default 30000 */
  readonly leaseMs?: number
  /**
   * Most ids that are remembered. Beyond it the ids that were handled longest ago are forgotten first; ids that are being handled
   * never are, so for as long as more are handled at once there are more.
   * @default 100000
   */
  readonly maxEntries?: number
  /** Clock of the leases. @default the clock of the machine */
  readonly clock?: Clock
}

export const memoryStoreOptionNames: readonly (keyof MemoryStoreOptions)[] = [
  'retainMs',
  'leaseMs',
  'maxEntries',
  'clock',
]

const dayMs = 24 * 3_600_000
/** A claim may be released at any time, so nobody is sent away for longer. */
const longestRetryMs = 1_000

/**
 * An idempotency store in the memory of this process: for tests, and for programs of one process. It forgets everything when the
 * process ends. Two instances in one process share it when they are given the same store.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): IdempotencyStore {
  checkKeys('options', options, memoryStoreOptionNames)
  const { retainMs = dayMs, leaseMs = 30_000, maxEntries = 100_000, clock = systemClock } = options
  checkMs('retainMs', retainMs)
  checkMs('leaseMs', leaseMs, 1)
  checkNumber('maxEntries', maxEntries, { min: 1, integer: true })
  checkClock(clock)
  const ids = new Ids({ retainMs, leaseMs, maxEntries, clock })
  return {
    name: 'memory',
    claim: (entry) => Promise.resolve(ids.claim(keyOf(entry))),
    renew: (entry, fence) => Promise.resolve(ids.renew(keyOf(entry), fence)),
    complete: (entry, fence) => Promise.resolve(ids.complete(keyOf(entry), fence)),
    release: (entry, fence) => Promise.resolve(ids.release(keyOf(entry), fence)),
  }
}

/** Names of topics and groups have no line breaks, so the parts cannot run into each other. */
const keyOf = ({ topic, group, id }: IdempotencyEntry): string => `${topic}\n${group}\n${id}`

interface Lease {
  readonly fence: string
  readonly untilMs: number
}

class Ids {
  readonly #o: Required<MemoryStoreOptions>
  /** In the order in which they run out, because one that is prolonged moves to the end. */
  readonly #leases = new Map<string, Lease>()
  readonly #doneUntilMs = new Map<string, number>()
  /** The same in the order in which they run out: to look for the first in a map costs more the more have left it at that end. */
  readonly #done = new Deque<string>()
  #lastFence = 0

  constructor(options: Required<MemoryStoreOptions>) {
    this.#o = options
  }

  claim(key: string): IdempotencyClaim {
    const nowMs = this.#o.clock.monotonic()
    this.#forget(nowMs)
    if (this.#doneUntilMs.has(key)) return { kind: 'done' }
    const leftMs = (this.#leases.get(key)?.untilMs ?? nowMs) - nowMs
    if (leftMs > 0) return { kind: 'busy', retryMs: Math.min(leftMs, longestRetryMs) }
    this.#lastFence += 1
    const fence = String(this.#lastFence)
    this.#lease(key, fence, nowMs)
    return { kind: 'claimed', fence, leaseMs: this.#o.leaseMs }
  }

  /** A lease that ran out and that nobody has taken since is still its owner's. */
  renew(key: string, fence: string): boolean {
    if (!this.#owns(key, fence)) return false
    this.#lease(key, fence, this.#o.clock.monotonic())
    return true
  }

  complete(key: string, fence: string): boolean {
    if (!this.release(key, fence)) return false
    this.#doneUntilMs.set(key, this.#o.clock.monotonic() + this.#o.retainMs)
    this.#done.push(key)
    return true
  }

  release(key: string, fence: string): boolean {
    return this.#owns(key, fence) && this.#leases.delete(key)
  }

  #owns(key: string, fence: string): boolean {
    return this.#leases.get(key)?.fence === fence
  }

  #lease(key: string, fence: string, nowMs: number): void {
    this.#leases.delete(key)
    this.#leases.set(key, { fence, untilMs: nowMs + this.#o.leaseMs })
  }

  #forget(nowMs: number): void {
    for (let key = this.#done.peek(); key !== undefined; key = this.#done.peek()) {
      if ((this.#doneUntilMs.get(key) ?? 0) > nowMs && !this.#full) break
      this.#doneUntilMs.delete(key)
      this.#done.shift()
    }
    if (!this.#full) return
    for (const [key, lease] of this.#leases) {
      if (lease.untilMs > nowMs || !this.#full) break
      this.#leases.delete(key)
    }
  }

  /** No room for one more. */
  get #full(): boolean {
    return this.#leases.size + this.#doneUntilMs.size >= this.#o.maxEntries
  }
}
