import type { Clock } from '../model/clock.js'

/** Resolves after `ms`, or when `signal` aborts. */
export function sleep(timers: Pick<Clock, 'after'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = timers.after(ms, end)
    signal.addEventListener('abort', end, { once: true })
  })
}
