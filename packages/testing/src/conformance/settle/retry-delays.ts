import { RetryAfterError, type RetryPolicy } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Consumption } from '../../scenario/consuming.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { expectDepth, runsById, untilDepth } from '../../scenario/settled.js'

/** What S2 allows: late by a tenth, or by this; of a process that gets to run. */
const slackMs = 250
const lateBy = (delayMs: number): number => Math.max(slackMs, delayMs / 10)

const delays = [0, 25, 60, 150, 400, 900]
const policyMs = 120
const perForm = delays.length * 3

/** S2: delays asked for in all three ways, in place with and without keys, and as durable copies. */
export const retryDelays: Conformance = defineConformance({
  id: 'S2',
  minimum: { messages: 4 * perForm, keys: perForm },
  async run(scenario) {
    const keyed = scenario.keyedTopic({ groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    const durable = scenario.plainTopic({ groups: ['all'] })
    const apart = scenario.keyedTopic({ groups: ['all'] })
    await Promise.all([
      expectDelays(scenario, keyed, fixedRetry(policyMs)),
      expectDelays(scenario, plain, fixedRetry(policyMs)),
      expectDelays(scenario, durable, fixedRetry(policyMs, { placement: 'delayed' })),
      expectDelays(scenario, apart, fixedRetry(policyMs, { placement: 'delayed' }), 'none'),
    ])
    scenario.check({
      groups: [keyed, plain, durable, apart].map(({ name }) => ({ topic: name, group: 'all' })),
    })
  },
})

async function expectDelays(
  scenario: Scenario,
  topic: ItemTopic<boolean>,
  retry: RetryPolicy,
  order?: 'none',
): Promise<void> {
  const client = await scenario.messaging('client')
  const wanted = new Map<string, number>()
  const options = {
    group: 'all',
    retry,
    concurrency: 50,
    breaker: false,
    ...(order === undefined ? {} : { order }),
  } as const
  const all = await scenario.consume(client, topic as ItemTopic<true>, options, async ({ id, payload }, delivery) => {
    if (wanted.has(id)) return
    const turn = Number(payload.key?.slice(1) ?? payload.n)
    const delayMs = delays[turn % delays.length] ?? 0
    const form = Math.floor(turn / delays.length)
    wanted.set(id, form === 2 ? policyMs : delayMs)
    if (form === 0) await delivery.retry({ delayMs })
    else if (form === 1) throw new RetryAfterError(delayMs)
    else throw new Error('the policy decides')
  })
  await scenario.publishAll(client, topic, topic.keyed ? { count: perForm, keys: perForm } : { count: perForm })
  await scenario.until(() => all.done.size === perForm, `${perForm} messages`, { saw: () => all.done.size })
  for (const [id, delayMs] of wanted) {
    const runs = all.runs.filter((run) => run.id === id)
    assert.equal(
      runs.map(({ attempt }) => attempt),
      [1, 2],
      `attempts of ${id}`,
    )
    expectWait(scenario, runs, delayMs)
  }
  await untilDepth(scenario, topic.name, 'all')
}

function expectWait(scenario: Scenario, runs: Consumption<Item>['runs'], delayMs: number): void {
  const [fromMs, toMs] = [runs[0]?.endedMs ?? Number.NaN, runs[1]?.startedMs ?? Number.NaN]
  const waited = toMs - fromMs
  assert.atLeast(waited, delayMs, `ms until the retry of a delay of ${delayMs} ms`)
  const lateMs = lateBy(delayMs) + scenario.takenBetween(fromMs, toMs)
  assert.atMost(waited, delayMs + lateMs, `ms until the retry of a delay of ${delayMs} ms`)
}

const longMs = 1_100
const shortMs = 100
const each = 60

/** S12: sixty long delays are asked for before sixty short ones, of which none may wait for a long one; a delay of minutes stays at the broker. */
export const longAndShort: Conformance = defineConformance({
  id: 'S12',
  minimum: { messages: 4 * 2 * each, keys: 2 * each },
  async run(scenario) {
    const forms = [
      { topic: scenario.keyedTopic({ partitions: 2, groups: ['all'] }), placement: 'in-place' },
      { topic: scenario.plainTopic({ groups: ['all'] }), placement: 'in-place' },
      { topic: scenario.plainTopic({ groups: ['all'] }), placement: 'delayed' },
      { topic: scenario.plainTopic({ groups: ['all'] }), placement: 'auto' },
    ] as const
    await Promise.all(forms.map(({ topic, placement }) => expectShortFirst(scenario, topic, placement)))
    await expectDurable(scenario)
    scenario.check({ groups: forms.map(({ topic }) => ({ topic: topic.name, group: 'all' })) })
  },
})

async function expectShortFirst(
  scenario: Scenario,
  topic: ItemTopic<boolean>,
  placement: RetryPolicy['placement'],
): Promise<void> {
  const client = await scenario.messaging('client')
  const total = 2 * each
  const options = {
    group: 'all',
    // Fewer slots than long delays: who waits must not hold one.
    concurrency: 5,
    breaker: false,
    window: { messages: 1_000 },
    retry: fixedRetry(0, { placement }),
  } as const
  const isLong = ({ payload }: { payload: Item }): boolean => turnOf(payload) < each
  const turnOf = ({ key, n }: Item): number => (key === null ? n : Number(key.slice(1)))
  const all = await scenario.consume(client, topic, options, async (message, delivery) => {
    if (delivery.attempt === 1) await delivery.retry({ delayMs: isLong(message) ? longMs : shortMs })
  })
  await scenario.publishAll(client, topic, topic.keyed ? { count: total, keys: total } : { count: total })
  await scenario.until(() => all.done.size === total, `${total} messages`, { saw: () => all.done.size })
  const ids = new Map(all.runs.map(({ id, message }) => [id, message]))
  for (const [id, message] of ids) {
    const runs = all.runs.filter((run) => run.id === id)
    assert.equal(runs.length, 2, `deliveries of ${id}`)
    expectWait(scenario, runs, isLong(message) ? longMs : shortMs)
  }
  const order = all.runs.filter(({ attempt }) => attempt === 2).map(({ message }) => isLong(message))
  assert.ok(order.indexOf(true) === each, 'every short delay ended before the first long one')
}

/** A delay that is too long to be held is neither lost nor in the way. */
async function expectDurable(scenario: Scenario): Promise<void> {
  const topic = scenario.plainTopic({ groups: ['far'] })
  const client = await scenario.messaging('client')
  const options = { group: 'far', retry: fixedRetry(shortMs, { placement: 'auto' }) } as const
  const all = await scenario.consume(client, topic, options, async ({ payload }, delivery) => {
    if (delivery.attempt === 1) await delivery.retry(payload.n === 0 ? { delayMs: 600_000 } : {})
  })
  await scenario.publishAll(client, topic, { count: 11 })
  await scenario.until(() => all.done.size === 10, '10 messages with a short delay', { saw: () => all.done.size })
  await untilDepth(scenario, topic.name, 'far', 1)
  const report = await client.close()
  assert.ok(report.clean, 'a message that waits for minutes does not hold up the close')
  await expectDepth(scenario, topic.name, 'far', 1)
  assert.equal(runsById(all.runs).size, 11, 'messages that ran')
  assert.equal(all.runs.length, 21, 'deliveries')
}
