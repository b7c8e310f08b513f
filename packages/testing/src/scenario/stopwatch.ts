import type { Lateness } from './lateness.js'

/** A wait, measured from the moment in which the stopwatch was started. */
export interface Stopwatch {
  /** By the clock: what lower bounds are held against. */
  readonly ms: number
  /** Without what the machine took away meanwhile: what upper bounds are held against. */
  readonly ranMs: number
}

export function startStopwatch(lateness: Lateness): Stopwatch {
  const [beganMs, takenBefore] = [performance.now(), lateness.takenMs()]
  return {
    get ms() {
      return performance.now() - beganMs
    },
    get ranMs() {
      return performance.now() - beganMs - (lateness.takenMs() - takenBefore)
    },
  }
}
