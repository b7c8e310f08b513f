import { PermanentError, type Delivery } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { ItemTopic } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const forms = {
  ack: (delivery: Delivery) => delivery.ack(),
  retry: (delivery: Delivery) => delivery.retry({ delayMs: 1 }),
  deadLetter: (delivery: Delivery) => delivery.deadLetter('unwanted'),
  giveBack: (delivery: Delivery) => delivery.giveBack(),
} as const

type Form = keyof typeof forms
const names = Object.keys(forms) as readonly Form[]

/** How a first settlement shows: runs of the message with their attempts, and whether it lies among the dead letters. */
const shows: Readonly<Record<Form, { readonly attempts: readonly number[]; readonly dead: boolean }>> = {
  ack: { attempts: [1], dead: false },
  retry: { attempts: [1, 2], dead: false },
  deadLetter: { attempts: [1], dead: true },
  giveBack: { attempts: [1, 1], dead: false },
}

interface Case {
  readonly first: Form | 'return' | 'throw' | 'permanent'
  /** Inside the handler, or with a delivery that was kept beyond its end. */
  readonly late: boolean
  readonly second: Form
}

const cases: readonly Case[] = names.flatMap((second) => [
  ...names.flatMap((first) => [
    { first, second, late: false },
    { first, second, late: true },
  ]),
  { first: 'return' as const, second, late: true },
  { first: 'throw' as const, second, late: true },
  { first: 'permanent' as const, second, late: true },
])

const meaning = { return: 'ack', throw: 'retry', permanent: 'deadLetter' } as const

/** S3: every first settlement followed by every second one, in the handler and after its end. */
export const secondSettle: Conformance = defineConformance({
  id: 'S3',
  parallel: true,
  minimum: { messages: 2 * (cases.length + 40), keys: cases.length },
  async run(scenario) {
    const keyed = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    await Promise.all([expectFirstStands(scenario, keyed), expectFirstStands(scenario, plain)])
    scenario.check({
      groups: [keyed, plain].map(({ name }) => ({ topic: name, group: 'all' })),
      requireSeenDeadLetters: true,
    })
  },
})

async function expectFirstStands(scenario: Scenario, topic: ItemTopic<boolean>): Promise<void> {
  const client = await scenario.messaging('client')
  const kept = new Map<string, Delivery>()
  const errors: Promise<unknown>[] = []
  const seen = new Map<string, Case>()
  const ids = cases.map(() => scenario.newId())
  const options = { group: 'all', concurrency: 100, breaker: false, retry: fixedRetry(1) } as const
  const all = await scenario.consume(client, topic, options, async ({ id }, delivery) => {
    const one = cases[ids.indexOf(id)]
    if (one === undefined || seen.has(id)) return
    seen.set(id, one)
    const { first, second, late } = one
    if (first in forms) {
      await forms[first as Form](delivery)
      assert.ok(delivery.settled, `a delivery is settled after ${first}`)
    }
    if (late) kept.set(id, delivery)
    else errors.push(expectSecond(id, second, delivery))
    if (first === 'throw') throw new Error('as a handler fails')
    if (first === 'permanent') throw new PermanentError('as a handler fails for good')
  })
  const total = cases.length
  const sent = await scenario.publishAll(client, topic, {
    count: total,
    options: (_, index) => ({ id: ids[index] ?? '' }),
    ...(topic.keyed ? { keys: total } : {}),
  })
  const lateIds = sent.filter((_, index) => cases[index]?.late === true).map(({ id }) => id)
  // The runs that were settled have ended, also those of messages that come again.
  await scenario.until(
    () => lateIds.every((id) => kept.has(id) && all.runs.some((run) => run.id === id && run.outcome !== 'running')),
    'handlers to end whose delivery is settled once more',
  )
  for (const id of lateIds) {
    errors.push(expectSecond(id, seen.get(id)?.second ?? 'ack', kept.get(id) as Delivery))
  }
  await Promise.all(errors)
  assert.equal(errors.length, total, 'second settlements')

  const dead = [...seen].filter(([, { first }]) => shows[resultOf(first)].dead).map(([id]) => id)
  await scenario.until(
    () => all.subscription.stats().deadLettered === dead.length && all.done.size === total - dead.length,
    'every message to end as its first settlement said',
    { saw: () => [all.subscription.stats(), all.done.size] },
  )
  const more = await scenario.publishAll(client, topic, { count: 40 })
  await scenario.until(() => more.every(({ id }) => all.done.has(id)), 'messages behind the second settlements')
  for (const [id, { first, second, late }] of seen) {
    const attempts = all.runs.filter((run) => run.id === id).map(({ attempt }) => attempt)
    assert.equal(
      attempts,
      [...shows[resultOf(first)].attempts],
      `attempts after ${first}, ${second}${late ? ' late' : ''}`,
    )
  }
  const letters = await recordDeadLetters(scenario, client, topic, 'all')
  assert.equal(letters.map(({ id }) => id).sort(), dead.sort(), 'dead letters')
  assert.equal(all.subscription.state, 'running', 'state of the subscription')
  assert.equal(client.health().status, 'up', 'health')
  await untilDepth(scenario, topic.name, 'all')
}

const resultOf = (first: Case['first']): Form => (first in forms ? (first as Form) : meaning[first as 'return'])

async function expectSecond(id: string, second: Form, delivery: Delivery): Promise<void> {
  // It may throw or reject; both are one for a caller who awaits it.
  const attempt = async (): Promise<void> => forms[second](delivery)
  const error = await assert.rejects(attempt(), 'ALREADY_SETTLED', `${second} as a second settlement of ${id}`)
  assert.equal(error.messageId, id, 'the message that the error names')
}
