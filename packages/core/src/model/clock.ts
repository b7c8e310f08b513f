/** Ends a wait that {@link Clock.after} began. Calling it twice, or after the wait is over, does nothing. */
export type Cancel = () => void

/** Where all time comes from: a real clock in production, a simulated one in tests. */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. It may jump, so it is written into headers and never subtracted. */
  now(): number
  /** Milliseconds since an arbitrary moment, with a fraction. Never runs backwards: every duration is measured with it. */
  monotonic(): number
  /**
   * Runs `run` once, when at least `ms` milliseconds have passed on the monotonic clock; never earlier, and never in the
   * call stack of `after` itself. A negative delay counts as 0, `Infinity` never ends. A waiting timer keeps the process alive.
   */
  after(ms: number, run: () => void): Cancel
}

/** Timers of the platform hold their delay in 31 bits and fire at once when it does not fit. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const due = performance.now() + (ms > 0 ? ms : 0)
    // Timers count whole milliseconds from a time stamp that may be stale, so one may fire early by a fraction: what is left is waited for again.
    const expire = (): void => {
      const left = due - performance.now()
      if (left > 0) timer = arm(left)
      else run()
    }
    const arm = (left: number): ReturnType<typeof setTimeout> =>
      setTimeout(expire, Math.min(Math.ceil(left), LONGEST_TIMEOUT_MS))
    let timer = arm(due - performance.now())
    return () => clearTimeout(timer)
  },
}
