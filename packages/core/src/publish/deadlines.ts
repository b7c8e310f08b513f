import type { Cancel, Clock } from '../model/clock.js'
import { createTimerHeap, type TimerHeap } from '../kit/timer-heap.js'
import { extraOf, type Entry } from './entry.js'

/**
 * All entries that have no answer yet, and the moment at which each gets one in any case. Most have the same timeout: those stand in
 * a line and share one timer. The others have an entry in a heap.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #usualMs: number
  readonly #expired: (entry: Entry) => void
  readonly #timers: TimerHeap
  #first: Entry | undefined
  #last: Entry | undefined
  #others = new Set<Entry>()
  #disarm: Cancel | undefined

  constructor(clock: Clock, usualMs: number, expired: (entry: Entry) => void) {
    this.#clock = clock
    this.#usualMs = usualMs
    this.#expired = expired
    this.#timers = createTimerHeap(clock)
  }

  add(entry: Entry, timeoutMs: number): void {
    entry.deadline = Math.ceil(this.#clock.monotonic() + timeoutMs)
    if (timeoutMs !== this.#usualMs) {
      this.#others.add(entry)
      extraOf(entry).cancelTimer = this.#timers.after(timeoutMs, () => this.#expired(entry))
      return
    }
    entry.earlier = this.#last
    if (this.#last === undefined) this.#first = entry
    else this.#last.later = entry
    this.#last = entry
    this.#disarm ??= this.#timers.after(timeoutMs, this.#expire)
  }

  remove(entry: Entry): void {
    const { earlier, later } = entry
    if (earlier === undefined && this.#first !== entry) {
      if (!this.#others.delete(entry)) return
      extraOf(entry).cancelTimer?.()
      return
    }
    if (earlier === undefined) this.#first = later
    else earlier.later = later
    if (later === undefined) this.#last = earlier
    else later.earlier = earlier
    entry.earlier = undefined
    entry.later = undefined
    if (this.#first === undefined) this.#sleep()
  }

  /** Every entry without an answer, as it is now. */
  all(): readonly Entry[] {
    const entries: Entry[] = []
    for (let entry = this.#first; entry !== undefined; entry = entry.later) entries.push(entry)
    return [...entries, ...this.#others]
  }

  #sleep(): void {
    this.#disarm?.()
    this.#disarm = undefined
  }

  /** The timer was set for an entry that has most likely been answered since: it is set again for the one that is first now. */
  readonly #expire = (): void => {
    this.#disarm = undefined
    const now = this.#clock.monotonic()
    for (let entry = this.#first; entry !== undefined && entry.deadline <= now; entry = this.#first) {
      this.remove(entry)
      this.#expired(entry)
    }
    if (this.#first !== undefined) this.#disarm ??= this.#timers.after(this.#first.deadline - now, this.#expire)
  }
}
