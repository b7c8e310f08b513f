import type { Clock } from '../model/clock.js'
import { TimerQueue } from './timer-queue.js'

/** Where a simulated clock begins. */
export interface SimulatedClockOptions {
  /** First value of `monotonic()`, in ms. @default 0 */
  readonly start?: number | undefined
  /** First value of `now()`, in ms since the Unix epoch. @default 2030-01-01T00:00:00Z */
  readonly wall?: number | undefined
  /**
   * Asked once for each timer: of those that are due at the same moment the one with the smallest number runs first. With seeded
   * random numbers every order of events comes about, and can be had again. @default the order in which they were asked for
   */
  readonly rank?: (() => number) | undefined
  /**
   * What is given time to settle around each timer: promises and what they lead to, or also up to four `setImmediate` steps in
   * a row. The first is many times faster. @default 'immediates'
   */
  readonly settle?: 'promises' | 'immediates' | undefined
}

/** A clock that a test moves by hand. Hours pass in milliseconds, and in the same way each time. */
export interface SimulatedClock extends Clock {
  /**
   * Moves time on by `ms`. What falls due runs at its moment, ordered by moment and then by when it was asked for or by
   * {@link SimulatedClockOptions.rank}; before and after each timer everything is given time to settle. Rejects with what a
   * timer throws.
   * @throws RangeError when `ms` is negative or not finite
   * @throws Error when time is being moved already (an `await` is missing), or when timers of 0 ms renew themselves without end
   */
  advance(ms: number): Promise<void>
  /**
   * Moves time on from timer to timer until `predicate` is true, by `limitMs` at most.
   * @throws RangeError when `limitMs` is negative or not finite
   * @throws Error when the limit is reached first, and as {@link advance} does
   */
  runUntil(predicate: () => boolean, limitMs: number): Promise<void>
  /** Timers that have neither run nor been cancelled. */
  readonly pending: number
  /** Sets the wall clock alone, as an operator or a time server does. Durations do not notice. */
  setWall(ms: number): void
}

const SETTLE_TURNS = 4
const MOST_TIMERS_IN_ONE_MOMENT = 100_000

// Kept, because test runners replace the global when they fake timers.
const { setImmediate } = globalThis
/** So that signals and messages of the process get a turn. */
const SETTLES_PER_TURN = 1_000

/** Makes a {@link SimulatedClock}. */
export function createSimulatedClock(options: SimulatedClockOptions = {}): SimulatedClock {
  const { rank = () => 0 } = options
  const settle = options.settle === 'promises' ? createQuickSettle() : settleImmediates
  const timers = new TimerQueue()
  let current = options.start ?? 0
  let wallOffset = (options.wall ?? Date.UTC(2030, 0, 1)) - current
  let moving = false

  /** Runs timers up to `target`; true when it stopped because of `enough`. */
  const moveTo = async (target: number, enough: () => boolean): Promise<boolean> => {
    let inThisMoment = 0
    for (;;) {
      await settle()
      if (enough()) return true
      const next = timers.peek()
      if (next === undefined || next.due > target) break
      inThisMoment = next.due > current ? 0 : inThisMoment + 1
      if (inThisMoment > MOST_TIMERS_IN_ONE_MOMENT) {
        throw new Error(`${MOST_TIMERS_IN_ONE_MOMENT} timers ran and time stood still: a timer of 0 ms renews itself`)
      }
      current = Math.max(current, next.due)
      timers.remove(next)
      next.run()
    }
    current = Math.max(current, target)
    await settle()
    return enough()
  }

  const move = async (name: string, ms: number, enough: () => boolean): Promise<boolean> => {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`${name} must be a finite number of at least 0, got ${ms}`)
    if (moving) throw new Error('time is being moved already: await advance() and runUntil()')
    moving = true
    try {
      return await moveTo(current + ms, enough)
    } finally {
      moving = false
    }
  }

  return {
    now: () => wallOffset + current,
    monotonic: () => current,
    after: (ms, run) => {
      const timer = timers.add(current + (ms > 0 ? ms : 0), run, rank())
      return () => {
        timers.remove(timer)
      }
    },
    advance: async (ms) => {
      await move('ms', ms, () => false)
    },
    runUntil: async (predicate, limitMs) => {
      if (await move('limitMs', limitMs, predicate)) return
      throw new Error(`the condition did not become true within ${limitMs} ms; ${timers.length} timers are pending`)
    },
    get pending() {
      return timers.length
    },
    setWall: (ms) => {
      wallOffset = ms - current
    },
  }
}

async function settleImmediates(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Ticks are run when no promise has anything left to do, without a turn of the event loop. */
function createQuickSettle(): () => Promise<void> {
  let settles = 0
  return () => {
    settles += 1
    return new Promise((resolve) => {
      if (settles % SETTLES_PER_TURN === 0) setImmediate(resolve)
      // Asked for by a promise, or the tick would come before all promises.
      else queueMicrotask(() => process.nextTick(resolve))
    })
  }
}
