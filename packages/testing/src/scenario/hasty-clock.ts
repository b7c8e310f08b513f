import { systemClock, type Clock } from '@sluice/core'

/** A clock on which everything waits `factor` times shorter. For tests of numbers that would take minutes, never for tests of times. */
export function hastyClock(factor: number): Clock {
  const { now, monotonic, after } = systemClock
  const start = monotonic()
  return {
    now,
    monotonic: () => start + (monotonic() - start) * factor,
    after: (ms, run) => after(ms / factor, run),
  }
}
