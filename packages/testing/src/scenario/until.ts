import { ConformanceFailure, show } from './assert.js'

export interface UntilOptions {
  /** @default the patience of the harness */
  readonly timeoutMs?: number
  /** Shown when the wait fails. @default what the condition returned last */
  readonly saw?: () => unknown
}

/** Waits for a condition; returns what it returned. */
export type Until = <T>(
  condition: () => T | Promise<T>,
  what: string,
  options?: UntilOptions,
) => Promise<Exclude<T, false | undefined | null | 0 | ''>>

/** Looks again after each turn of the event loop at first, then every few milliseconds. */
export function createUntil(patienceMs: number, ended: AbortSignal): Until {
  return async (condition, what, { timeoutMs = patienceMs, saw } = {}) => {
    const deadline = performance.now() + timeoutMs
    for (let round = 0; ; round++) {
      const value = await condition()
      if (value) return value as never
      if (ended.aborted) throw new ConformanceFailure(`the test ended while it waited for: ${what}`)
      if (performance.now() >= deadline) {
        throw new ConformanceFailure(
          `waited ${timeoutMs} ms for: ${what}; saw ${show(saw === undefined ? value : saw())}`,
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
