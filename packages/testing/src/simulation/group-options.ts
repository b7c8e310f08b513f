import { perSecond, type Limiter, type RetryPolicy, type SubscribeBatchOptions } from '@sluice/core'
import type { GroupPlan, LimiterPlan, RetryPlan } from './plan.js'
import type { Seeded } from './seeded.js'

/** What `subscribe` is given, without the store. */
export function groupOptions(plan: GroupPlan, random: Seeded): SubscribeBatchOptions {
  const options = {
    group: plan.group,
    order: plan.ordered ? ('key' as const) : ('none' as const),
    concurrency: plan.concurrency,
    window: { messages: plan.window },
    handOverMs: plan.handOverMs,
    retry: plan.retry === undefined ? false : retryOf(plan.retry),
    onExhausted: plan.onExhausted,
    breaker: plan.breaker ?? false,
    ...(plan.handlerTimeoutMs === undefined ? {} : { handlerTimeoutMs: plan.handlerTimeoutMs }),
    ...(plan.limiter === undefined ? {} : { rateLimit: limiterOf(plan.limiter, random) }),
    ...(plan.form === 'batch' ? { maxSize: plan.maxSize, maxWaitMs: plan.maxWaitMs } : {}),
  }
  // Which orders there are depends on the topic, and that is drawn.
  return options as SubscribeBatchOptions
}

function retryOf({ attempts, delaysMs, placement }: RetryPlan): RetryPolicy {
  return {
    name: 'planned',
    placement,
    decide: ({ attempt }) =>
      attempt >= attempts
        ? { kind: 'exhausted' }
        : { kind: 'retry', delayMs: delaysMs[attempt % delaysMs.length] ?? 0 },
  }
}

function limiterOf(plan: LimiterPlan, random: Seeded): Limiter {
  if (plan.kind === 'per-second') return perSecond(plan.rate)
  const { waitMs, share, perKey } = plan
  return {
    name: 'capricious',
    attach: ({ clock, wake }) => ({
      perKey,
      take: () => {
        if (!random.chance(share)) return 0
        if (!random.chance(0.3)) return waitMs
        clock.after(waitMs, wake)
        return Infinity
      },
      close: () => undefined,
    }),
  }
}
