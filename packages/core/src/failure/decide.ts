import { isPermanentError, isRetryAfterError } from '../errors/handler-errors.js'
import type { Failure, RetryPolicy } from './policy.js'

export type FailureDecision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'dead-letter' }
  | { readonly kind: 'exhausted' }

/** What happens after a failed attempt. `wantedDelayMs` comes from `delivery.retry({ delayMs })`; the number of attempts stays the policy's. */
export function decide(
  failure: Failure,
  policy: RetryPolicy | false,
  wantedDelayMs: number | undefined,
): FailureDecision {
  if (isPermanentError(failure.error)) return { kind: 'dead-letter' }
  if (policy === false) return { kind: 'exhausted' }
  const decision = policy.decide(failure)
  if (decision.kind === 'exhausted') return decision
  const delayMs = wantedDelayMs ?? (isRetryAfterError(failure.error) ? failure.error.delayMs : decision.delayMs)
  return { kind: 'retry', delayMs: delayMs >= 0 ? delayMs : 0 }
}
