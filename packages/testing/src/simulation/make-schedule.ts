import { makePlan } from './make-plan.js'
import type { Plan, TopicName } from './plan.js'
import type { Action, Schedule, Step } from './schedule.js'
import { createSeeded, mix, type Seeded } from './seeded.js'

/** Messages that each schedule publishes at least. */
export const leastMessages = 500

const mostSteps = 400

/** Draws the schedule of a seed. */
export function makeSchedule(seed: number, like?: Plan['like']): Schedule {
  const random = createSeeded('schedule', seed)
  const plan = makePlan(random, like)
  const least = random.int(36, 58)
  const steps: Step[] = []
  let messages = 0
  let faults = 0
  while (steps.length < mostSteps && (steps.length < least || messages < leastMessages + 20 || faults < 6)) {
    const number = steps.length
    const drawn = makeAction(random, plan)
    // Enough is enough: beyond that a few keep things going.
    const action = messages > leastMessages ? withFewMessages(drawn) : drawn
    if (action.kind === 'publish' || action.kind === 'publish-batch') messages += action.count
    else if (action.kind !== 'join' && action.kind !== 'release') faults += 1
    const thenMs = random.pick([0, 0, 1, 5, 20, 60, 200, 500])
    steps.push({ number, seed: mix(`step ${seed} ${number}`), action, thenMs })
  }
  return { seed, plan, steps }
}

function withFewMessages(action: Action): Action {
  if (action.kind !== 'publish' && action.kind !== 'publish-batch') return action
  return { ...action, count: Math.min(action.count, 4) }
}

type Make = (random: Seeded, plan: Plan) => Action

const topicOf = (random: Seeded, plan: Plan): TopicName => random.pick(plan.groups).topic
const keysOf = (random: Seeded) => random.pick(['one', 'few', 'few', 'few', 'many', 'odd'] as const)
const unreportedOf = (random: Seeded) => random.pick(['half', 'stored', 'lost'] as const)
const groupOf = (random: Seeded, plan: Plan): number => random.int(0, plan.groups.length - 1)
const noticeOf = (random: Seeded) => random.pick([undefined, 50, 400])

/** What is done, and how often in a hundred. */
const makers: readonly (readonly [number, Make])[] = [
  [
    34,
    (random, plan) => ({
      kind: 'publish',
      topic: topicOf(random, plan),
      count: random.int(5, 40),
      keys: keysOf(random),
    }),
  ],
  [
    12,
    (random, plan) => ({
      kind: 'publish-batch',
      topic: topicOf(random, plan),
      count: random.int(2, 30),
      keys: keysOf(random),
      timeoutMs: random.pick([undefined, undefined, 30, 400]),
      abortAfterMs: random.pick([undefined, undefined, undefined, 0, 2, 30]),
    }),
  ],
  [4, () => ({ kind: 'join' })],
  [2, (random) => ({ kind: 'stop-broker', forMs: random.int(1, 700), unreported: unreportedOf(random) })],
  [1, (random) => ({ kind: 'silence-broker', forMs: random.int(1, 1_500), unreported: unreportedOf(random) })],
  [1, (random) => ({ kind: 'block-broker', forMs: random.int(1, 700) })],
  [2, (random, plan) => ({ kind: 'expire-hold', group: groupOf(random, plan) })],
  [
    9,
    (random) => ({
      kind: 'drop',
      side: random.pick([undefined, 'consume', 'publish'] as const),
      unreported: unreportedOf(random),
      againMs: random.chance(0.5) ? random.int(1, 60) : undefined,
    }),
  ],
  [4, (random) => ({ kind: 'freeze', forMs: random.pick([random.int(1, 300), random.int(300, 4_000)]) })],
  [2, (random) => ({ kind: 'kill', noticeMs: noticeOf(random), unreported: unreportedOf(random) })],
  [2, (random) => ({ kind: 'kill-at-letter', withinMs: random.int(0, 20), noticeMs: noticeOf(random) })],
  [
    5,
    (random) => ({
      kind: 'close',
      deadlineMs: random.pick([0, 30, 300, 25_000, 25_000]),
      when: random.pick(['now', 'held-retry', 'breaker-open', 'batch-running', 'batch-running'] as const),
      withinMs: random.int(50, 500),
    }),
  ],
  [
    8,
    (random, plan) => ({
      kind: 'hand-over',
      group: groupOf(random, plan),
      partition: random.int(0, 3),
      deadlineMs: random.pick([0, 20, 200, 2_000]),
    }),
  ],
  [3, (random) => ({ kind: 'store-mood', mood: random.pick(['slow', 'down'] as const), forMs: random.int(10, 1_500) })],
  [4, (random, plan) => ({ kind: 'pause', group: groupOf(random, plan), forMs: random.int(1, 1_500) })],
  [2, (random) => ({ kind: 'release', as: random.pick(['retry', 'dead-letter'] as const) })],
  [3, (random, plan) => ({ kind: 'break-down', group: groupOf(random, plan), forMs: random.int(100, 2_000) })],
  [2, (random, plan) => ({ kind: 'refuse-copies', group: groupOf(random, plan), forMs: random.int(50, 1_500) })],
]

const total = makers.reduce((sum, [share]) => sum + share, 0)

function makeAction(random: Seeded, plan: Plan): Action {
  let left = random.next() * total
  for (const [share, make] of makers) {
    left -= share
    if (left < 0) return make(random, plan)
  }
  throw new Error('a share is missing')
}
