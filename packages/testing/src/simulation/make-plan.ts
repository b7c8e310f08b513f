import type { GroupPlan, LimiterPlan, Plan, RetryPlan } from './plan.js'
import type { Seeded } from './seeded.js'

/** Draws everything that is fixed in a run. */
export function makePlan(random: Seeded, like?: Plan['like']): Plan {
  const drawn = random.pick(['queue', 'log'] as const)
  return {
    like: like ?? drawn,
    holdMs: random.chance(0.45) ? random.int(200, 1_500) : undefined,
    sessionMs: random.int(300, 2_000),
    partitions: random.int(1, 4),
    instances: random.int(2, 4),
    publishers: random.int(1, 3),
    publishOrder: random.pick(['pipelined', 'pipelined', 'strict']),
    bufferMessages: random.pick([20, 200, 10_000]),
    latency: { usualMs: random.int(0, 6), spikeMs: random.int(10, 60), spikes: random.pick([0, 0.02, 0.1]) },
    groups: Array.from({ length: random.int(1, 3) }, (_, index) => makeGroup(random, `g${index}`)),
  }
}

function makeGroup(random: Seeded, group: string): GroupPlan {
  const topic = random.pick(['orders', 'orders', 'notes'] as const)
  const ordered = topic === 'orders' && random.chance(0.8)
  const form = random.pick(['single', 'single', 'batch', 'batch', 'stream'] as const)
  const window = random.int(3, 40)
  return {
    ...{ topic, group, form, ordered, window },
    concurrency: random.int(1, 8),
    handOverMs: random.int(50, 2_000),
    retry: makeRetry(random, ordered),
    onExhausted: random.chance(0.2) ? 'hold' : 'dead-letter',
    breaker: random.pick([
      undefined,
      { failures: 2, probeMs: 50, maxProbeMs: 300 },
      { failures: 5, probeMs: 100, maxProbeMs: 1_000 },
    ]),
    handlerTimeoutMs: random.chance(0.3) ? random.int(20, 500) : undefined,
    limiter: makeLimiter(random),
    idempotent: random.chance(0.35) ? random.pick(['pause', 'pause', 'process'] as const) : undefined,
    maxSize: Math.min(window, random.int(1, 8)),
    maxWaitMs: random.int(0, 60),
    publishes: random.pick([0, 0, 0.1]),
  }
}

function makeRetry(random: Seeded, ordered: boolean): RetryPlan | undefined {
  if (random.chance(0.1)) return undefined
  return {
    attempts: random.int(1, 5),
    delaysMs: Array.from({ length: 5 }, () => random.pick([0, 1, 20, 150, 600, 4_000])),
    placement: ordered ? 'in-place' : random.pick(['auto', 'in-place', 'delayed'] as const),
  }
}

function makeLimiter(random: Seeded): LimiterPlan | undefined {
  if (random.chance(0.7)) return undefined
  if (random.chance(0.5)) return { kind: 'per-second', rate: random.int(50, 400) }
  return {
    kind: 'capricious',
    waitMs: random.int(1, 50),
    share: random.next() * 0.5,
    perKey: random.chance(0.5),
  }
}
