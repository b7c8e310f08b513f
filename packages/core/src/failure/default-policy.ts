import { defaultRetry, exponentialBackoff } from '../kit/backoff.js'
import type { RetryPolicy } from './policy.js'

/** 10 attempts, exponential from 200 ms to 30 s, full jitter: about three quarters of a minute in all, which outlives a restart of what is behind the handler. */
export function defaultRetryPolicy(random: () => number = Math.random): RetryPolicy {
  const backoff = exponentialBackoff({ fromMs: defaultRetry.fromMs, toMs: defaultRetry.toMs, random })
  return {
    name: 'default',
    placement: 'auto',
    decide: ({ attempt }) =>
      attempt >= defaultRetry.attempts ? { kind: 'exhausted' } : { kind: 'retry', delayMs: backoff(attempt) },
  }
}
