import { ConformanceFailure, show } from './assert.js'
import type { Lateness } from './lateness.js'
import { startStopwatch } from './stopwatch.js'

export interface UntilOptions {
  /** Time that the process gets to run. @default the patience of the harness */
  readonly timeoutMs?: number
  /** Shown when the wait fails; may be a promise. @default what the condition returned last */
  readonly saw?: () => unknown
}

/** Waits for a condition; returns what it returned. */
export type Until = <T>(
  condition: () => T | Promise<T>,
  what: string,
  options?: UntilOptions,
) => Promise<Exclude<T, false | undefined | null | 0 | ''>>

/** Looks again after each turn of the event loop at first, then every few milliseconds. */
export function createUntil(patienceMs: number, ended: AbortSignal, lateness: Lateness): Until {
  return async (condition, what, { timeoutMs = patienceMs, saw } = {}) => {
    const watch = startStopwatch(lateness)
    for (let round = 0; ; round++) {
      const value = await condition()
      if (value) return value as never
      if (ended.aborted) throw new ConformanceFailure(`the test ended while it waited for: ${what}`)
      if (watch.ranMs >= timeoutMs) {
        throw new ConformanceFailure(
          `waited ${timeoutMs} ms for: ${what}; saw ${show(saw === undefined ? value : await saw())}`,
        )
      }
      await turn(round < 20 ? 0 : 4)
    }
  }
}

function turn(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve)
    else setTimeout(resolve, ms)
  })
}
