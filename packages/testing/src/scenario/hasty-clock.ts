import { systemClock, type Clock } from '@sluice/core'

const dayMs = 86_400_000

/** A clock on which everything waits `factor` times shorter. For tests of numbers that would take minutes, never for tests of times. */
export function hastyClock(factor: number): Clock {
  const { now, monotonic, after } = systemClock
  const start = monotonic()
  return {
    now,
    // Long before the clock of the machine, and it never gets there in a test: what an adapter on that clock calls future is future here too.
    monotonic: () => (monotonic() - start) * factor - dayMs,
    after: (ms, run) => after(ms / factor, run),
  }
}
