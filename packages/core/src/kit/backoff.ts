/**
 * How long to wait after a failure, in whole milliseconds. `failures` counts what failed in a row: 1 after the first.
 * Backoffs keep no state, so one value serves any number of messages or connections.
 */
export type Backoff = (failures: number) => number

/** Numbers of an exponential backoff. Checked by whoever takes them from a user: `0 <= fromMs <= toMs`, `factor >= 1`. */
export interface ExponentialBackoffOptions {
  /** Upper bound of the first delay. */
  readonly fromMs: number
  /** Upper bound of every delay. */
  readonly toMs: number
  /** The upper bound grows by this with each failure. @default 2 */
  readonly factor?: number | undefined
  /** A number of at least 0 and less than 1. @default Math.random */
  readonly random?: (() => number) | undefined
}

/** Retries of a message when nobody chose otherwise: `attempts` counts the first one too. */
export const defaultRetry = { attempts: 10, fromMs: 200, toMs: 30_000 } as const

/**
 * Full jitter: anything from 0 to a bound that doubles up to `toMs`. Many clients that failed together come back spread
 * over the whole interval instead of in waves.
 */
export function exponentialBackoff(options: ExponentialBackoffOptions): Backoff {
  const { fromMs, toMs, factor = 2, random = () => Math.random() } = options
  return (failures) => {
    // The power overflows to Infinity after some hundred failures, and 0 × Infinity is no number.
    const boundMs = fromMs === 0 ? 0 : Math.min(toMs, fromMs * factor ** (failures - 1))
    return Math.round(random() * boundMs)
  }
}

/** The same delay each time. */
export function fixedBackoff(delayMs: number): Backoff {
  return () => delayMs
}

/** `backoff`, but never longer than `longestMs`. */
export function cappedBackoff(backoff: Backoff, longestMs: number): Backoff {
  return (failures) => Math.min(backoff(failures), longestMs)
}
