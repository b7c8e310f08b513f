import type { TimerHeap } from '@sluice/core/spi'

/** Resolves after `ms`, or at once when one of the signals aborts. */
export function pause(timers: TimerHeap, ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    if (signals.some(({ aborted }) => aborted)) {
      resolve()
      return
    }
    const end = (): void => {
      cancel()
      for (const signal of signals) signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = timers.after(ms, end)
    for (const signal of signals) signal.addEventListener('abort', end, { once: true })
  })
}
