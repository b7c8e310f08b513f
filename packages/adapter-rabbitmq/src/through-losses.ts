import { type Clock, isAdapterError, sleep } from '@sluice/core/spi'

/** Before what was interrupted is begun again. */
const AGAIN_MS = 50

export interface ThroughLossesOptions {
  readonly clock: Clock
  /** Ends the tries: what failed last is what the caller is told. */
  readonly signal: AbortSignal
  /** Codes of what passes by itself. */
  readonly passing: ReadonlySet<string>
}

/** Begins again what a lost channel or connection has interrupted. Only for what may run twice. */
export async function throughLosses<T>(options: ThroughLossesOptions, run: () => Promise<T>): Promise<T> {
  const { clock, signal, passing } = options
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!isAdapterError(error) || !passing.has(error.code) || signal.aborted) throw error
      await sleep(clock, AGAIN_MS, signal)
      if (signal.aborted) throw error
    }
  }
}
