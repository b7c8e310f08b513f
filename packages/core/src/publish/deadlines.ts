import type { Cancel, Clock } from '../model/clock.js'
import { createTimerHeap, type TimerHeap } from '../kit/timer-heap.js'
import { extraOf, type Entry } from './entry.js'
import type { Pump, Pumped } from './pump.js'

interface DeadlinesOptions {
  readonly clock: Clock
  readonly pump: Pump
  /** Timeout that most entries have. */
  readonly usualMs: number
  readonly expired: (entry: Entry) => void
}

/**
 * All entries that have no answer yet, and the moment at which each gets one in any case. Most have the same timeout: those stand in
 * a line and share one timer. The others have an entry in a heap.
 */
export class Deadlines implements Pumped {
  scheduled = false
  readonly #options: DeadlinesOptions
  readonly #timers: TimerHeap
  #first: Entry | undefined
  #last: Entry | undefined
  /** From this one on the line has no deadlines yet: they get theirs at the end of the tick, with one look at the clock for all. */
  #undated: Entry | undefined
  #others = new Set<Entry>()
  #disarm: Cancel | undefined

  constructor(options: DeadlinesOptions) {
    this.#options = options
    this.#timers = createTimerHeap(options.clock)
    options.pump.before = this
  }

  add(entry: Entry, timeoutMs: number): void {
    const { clock, pump, usualMs, expired } = this.#options
    if (timeoutMs !== usualMs) {
      entry.deadline = Math.ceil(clock.monotonic() + timeoutMs)
      this.#others.add(entry)
      extraOf(entry).cancelTimer = this.#timers.after(timeoutMs, () => expired(entry))
      return
    }
    entry.earlier = this.#last
    if (this.#last === undefined) this.#first = entry
    else this.#last.later = entry
    this.#last = entry
    this.#undated ??= entry
    pump.schedule(this)
    this.#disarm ??= this.#timers.after(timeoutMs, this.#expire)
  }

  pump(): void {
    if (this.#undated === undefined) return
    const deadline = Math.ceil(this.#options.clock.monotonic() + this.#options.usualMs)
    for (let entry: Entry | undefined = this.#undated; entry !== undefined; entry = entry.later)
      entry.deadline = deadline
    this.#undated = undefined
  }

  remove(entry: Entry): void {
    const { earlier, later } = entry
    if (earlier === undefined && this.#first !== entry) {
      if (!this.#others.delete(entry)) return
      extraOf(entry).cancelTimer?.()
      return
    }
    if (this.#undated === entry) this.#undated = later
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
    this.pump()
    const now = this.#options.clock.monotonic()
    for (let entry = this.#first; entry !== undefined && entry.deadline <= now; entry = this.#first) {
      this.remove(entry)
      this.#options.expired(entry)
    }
    if (this.#first !== undefined) this.#disarm ??= this.#timers.after(this.#first.deadline - now, this.#expire)
  }
}
