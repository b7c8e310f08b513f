import type { RetryPolicy } from '@sluice/core'

export interface FixedRetryOptions {
  /** Attempts before it gives up. @default never */
  readonly attempts?: number
  readonly placement?: RetryPolicy['placement']
}

/** A retry policy without chance: always the same delay. @default in place */
export function fixedRetry(
  delayMs: number,
  { attempts = Infinity, placement = 'in-place' }: FixedRetryOptions = {},
): RetryPolicy {
  return {
    name: `fixed ${delayMs} ms`,
    placement,
    decide: ({ attempt }) => (attempt >= attempts ? { kind: 'exhausted' } : { kind: 'retry', delayMs }),
  }
}
