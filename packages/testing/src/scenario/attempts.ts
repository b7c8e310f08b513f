import type { RetryPolicy } from '@sluice/core'

/** So many attempts in place, the same delay before each. */
export function attempts(count: number, delayMs: number): RetryPolicy {
  return {
    name: `${count} attempts`,
    placement: 'in-place',
    decide: ({ attempt }) => (attempt >= count ? { kind: 'exhausted' } : { kind: 'retry', delayMs }),
  }
}
