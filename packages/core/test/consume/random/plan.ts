import type { RetryPolicy } from '../../../src/failure/policy.js'
import { perSecond } from '../../../src/builtin/per-second.js'
import type { SubscribeBatchOptions } from '../../../src/consume/options.js'
import type { Limiter } from '../../../src/model/limiter.js'
import type { Seeded } from './seeded.js'

export type Form = 'single' | 'batch' | 'stream'

/** One group, consumed in the same way by every instance. */
export interface GroupPlan {
  readonly topic: 'orders' | 'notes'
  readonly group: string
  readonly form: Form
  readonly ordered: boolean
  readonly idempotent: 'pause' | 'process' | undefined
  /** What is passed to `subscribe`, without the store. */
  readonly options: SubscribeBatchOptions
}

/** Everything that is fixed before a run begins. */
export interface Plan {
  readonly like: 'queue' | 'log'
  readonly holdMs: number | undefined
  readonly sessionMs: number
  readonly partitions: number
  readonly instances: number
  readonly steps: number
  readonly groups: readonly GroupPlan[]
}

export function makePlan(random: Seeded): Plan {
  const like = random.pick(['queue', 'log'] as const)
  const count = random.int(1, 3)
  return {
    like,
    holdMs: random.chance(0.35) ? random.int(200, 1_500) : undefined,
    sessionMs: random.int(300, 2_000),
    partitions: random.int(1, 4),
    instances: random.int(2, 4),
    steps: random.int(20, 60),
    groups: Array.from({ length: count }, (_, index) => makeGroup(random, `g${index}`)),
  }
}

function makeGroup(random: Seeded, group: string): GroupPlan {
  const topic = random.pick(['orders', 'orders', 'notes'] as const)
  const ordered = topic === 'orders' && random.chance(0.8)
  // In a batch without order the checker would look for that of the keys.
  const forms: readonly Form[] =
    topic === 'notes' || ordered ? ['single', 'single', 'batch', 'batch', 'stream'] : ['single', 'stream']
  const form = random.pick(forms)
  const window = random.int(3, 40)
  const options: Record<string, unknown> = {
    group,
    order: ordered ? 'key' : 'none',
    concurrency: random.int(1, 5),
    window: { messages: window },
    handOverMs: random.int(50, 2_000),
    retry: makeRetry(random, ordered),
    onExhausted: random.chance(0.2) ? 'hold' : 'dead-letter',
    breaker: random.pick([false, { failures: 2, probeMs: 50, maxProbeMs: 300 }, { failures: 5, probeMs: 100 }]),
  }
  if (random.chance(0.3)) options['handlerTimeoutMs'] = random.int(20, 500)
  const limiter = makeLimiter(random)
  if (limiter !== undefined) options['rateLimit'] = limiter
  if (form === 'batch') {
    options['maxSize'] = Math.min(window, random.int(1, 8))
    options['maxWaitMs'] = random.int(0, 60)
  }
  const idempotent = random.chance(0.4) ? random.pick(['pause', 'pause', 'process'] as const) : undefined
  return { topic, group, form, ordered, idempotent, options: options as unknown as SubscribeBatchOptions }
}

function makeRetry(random: Seeded, ordered: boolean): RetryPolicy | false {
  if (random.chance(0.1)) return false
  const attempts = random.int(1, 5)
  const delays = Array.from({ length: 5 }, () => random.pick([0, 1, 20, 150, 600]))
  return {
    name: 'random',
    placement: ordered ? 'in-place' : random.pick(['auto', 'in-place', 'delayed'] as const),
    decide: ({ attempt }) =>
      attempt >= attempts
        ? { kind: 'exhausted' }
        : { kind: 'retry', delayMs: delays[attempt % delays.length] as number },
  }
}

function makeLimiter(random: Seeded): Limiter | undefined {
  if (random.chance(0.65)) return undefined
  if (random.chance(0.5)) return perSecond(random.int(30, 300))
  const [waitMs, probability] = [random.int(1, 50), random.next() * 0.5]
  const perKey = random.chance(0.5)
  return {
    name: 'capricious',
    attach: ({ clock, wake }) => ({
      perKey,
      take: () => {
        if (!random.chance(probability)) return 0
        if (random.chance(0.3)) {
          clock.after(waitMs, wake)
          return Infinity
        }
        return waitMs
      },
      close: () => undefined,
    }),
  }
}
