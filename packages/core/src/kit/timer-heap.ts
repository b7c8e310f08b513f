import type { Cancel, Clock } from '../model/clock.js'
import { TimerQueue } from './timer-queue.js'

/** Any number of waits on one timer of a clock. */
export interface TimerHeap {
  /**
   * Runs `run` once, when at least `ms` milliseconds have passed: never earlier, never in the call stack of `after`, and
   * in the order in which the waits end (equal ones in the order they began). The returned function cancels the wait.
   */
  after(ms: number, run: () => void): Cancel
  /** Cancels every wait. The heap can be used again. */
  clear(): void
  /** Waits that have neither ended nor been cancelled. While it is 0, no timer of the clock is armed. */
  readonly pending: number
}

/** Makes a {@link TimerHeap}. Starting and cancelling a wait cost O(log n) and, as a rule, touch no timer of the clock. */
export function createTimerHeap(clock: Clock): TimerHeap {
  const queue = new TimerQueue()
  let disarm: Cancel | undefined
  let armedFor = Infinity
  let expiring = false

  const disarmNow = (): void => {
    disarm?.()
    disarm = undefined
  }

  /** A timer that is armed too early is left alone: it finds nothing due and is armed again, once instead of at each cancellation. */
  const arm = (): void => {
    if (expiring) return
    const first = queue.peek()
    if (first === undefined) disarmNow()
    else if (disarm === undefined || first.due < armedFor) {
      disarmNow()
      armedFor = first.due
      disarm = clock.after(first.due - clock.monotonic(), expire)
    }
  }

  const expire = (): void => {
    disarm = undefined
    const now = clock.monotonic()
    // What is added from here on waits for the next turn, or a wait of 0 that renews itself would never let go of the process.
    const end = queue.nextSequence
    expiring = true
    try {
      for (let next = queue.peek(); next !== undefined && next.due <= now && next.sequence < end; next = queue.peek()) {
        queue.remove(next)
        next.run()
      }
    } finally {
      expiring = false
      arm()
    }
  }

  return {
    after: (ms, run) => {
      const timer = queue.add(clock.monotonic() + (ms > 0 ? ms : 0), run)
      arm()
      return () => {
        if (queue.remove(timer)) arm()
      }
    },
    clear: () => {
      queue.clear()
      disarmNow()
    },
    get pending() {
      return queue.length
    },
  }
}
