import type { Delivery } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns, type Consumption } from '../../scenario/consuming.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { runsById, untilDepth } from '../../scenario/settled.js'

const count = 40
const givenBack = 6
const floorMs = 100
const wantedMs = 160

/**
 * S1: messages that are given back come again as if they had never come, however often, while their neighbours go on. Only one attempt
 * is allowed, so one that is counted wrongly ends among the dead letters.
 */
export const giveBack: Conformance = defineConformance({
  id: 'S1',
  minimum: { messages: 2 * count, keys: 4 },
  async run(scenario) {
    const keyed = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    for (const topic of [keyed, plain]) {
      const client = await scenario.messaging('client')
      const sent = await scenario.publishAll(client, topic, topic.keyed ? { count, keys: 4 } : { count })
      const reluctant = new Map([
        [sent[0]?.id, 0],
        [sent[1]?.id, wantedMs],
      ])
      const came = new Map<string, number>()
      const all = await scenario.consume(client, topic, { group: 'all', retry: false }, async ({ id }, delivery) => {
        const delayMs = reluctant.get(id)
        const before = came.get(id) ?? 0
        came.set(id, before + 1)
        if (delayMs === undefined || before >= givenBack) return
        await delivery.giveBack(delayMs === 0 ? {} : { delayMs })
        assert.ok(delivery.settled, 'a delivery that was given back is settled')
      })
      await scenario.until(() => all.done.size === count, `${count} messages`, { saw: () => all.done.size })
      await expectUncounted(scenario, topic, all, reluctant)
      const stats = all.subscription.stats()
      const { acked, retried, deadLettered } = stats
      assert.equal(
        [acked, retried, deadLettered, stats.givenBack],
        [count, 0, 0, 2 * givenBack],
        'counters: acked, retried, dead-lettered, given back',
      )
      const letters = await recordDeadLetters(scenario, client, topic, 'all')
      assert.equal(letters.length, 0, 'dead letters')
    }
    await failureKept(scenario)
    scenario.check({ groups: [keyed, plain].map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

async function expectUncounted(
  scenario: Scenario,
  topic: ItemTopic<boolean>,
  all: Consumption<Item>,
  reluctant: ReadonlyMap<string | undefined, number>,
): Promise<void> {
  for (const { id, attempt } of all.runs) assert.equal(attempt, 1, `attempt of ${id}`)
  for (const [id, times] of runsById(all.runs))
    assert.equal(times, reluctant.has(id) ? givenBack + 1 : 1, `deliveries of ${id}`)
  for (const [id, delayMs] of reluctant) {
    const runs = all.runs.filter((run) => run.id === id)
    for (const [index, run] of runs.entries()) {
      const before = runs[index - 1]
      if (before === undefined) continue
      const waited = run.startedMs - (before.endedMs ?? Number.NaN)
      assert.atLeast(waited, Math.max(floorMs, delayMs), `ms between give-back and redelivery of ${id}`)
    }
    if (topic.keyed) continue
    const last = runs.at(-1)?.startedMs ?? 0
    const before = all.runs.filter((run) => !reluctant.has(run.id) && run.startedMs < last)
    assert.equal(before.length, count - reluctant.size, 'neighbours that ran while it was given back')
  }
  await untilDepth(scenario, topic.name, 'all')
}

/** A failure before stays counted, a give-back after it does not add to it. */
async function failureKept(scenario: Scenario): Promise<void> {
  for (const topic of [scenario.keyedTopic({ groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]) {
    const client = await scenario.messaging('client')
    await scenario.publishAll(client, topic, { count: 1 })
    const into = emptyRuns<Item>()
    const options = { group: 'all', retry: fixedRetry(1) } as const
    const body = async (_: unknown, delivery: Delivery): Promise<void> => {
      if (into.runs.length === 1) throw new Error('the first attempt fails')
      if (into.runs.length < 4) await delivery.giveBack()
    }
    const all = await scenario.consume(client, topic, options, body, into)
    await scenario.until(() => all.done.size === 1, 'the message')
    assert.equal(
      all.runs.map(({ attempt }) => attempt),
      [1, 2, 2, 2],
      'attempts of a message that failed once and was given back twice',
    )
  }
}

/** S1: one delivery goes back to the broker alone, so that another consumer can have it and nothing else is disturbed. */
export const giveBackAlone: Conformance = defineConformance({
  id: 'S1',
  part: 'single',
  needs: { capability: 'giveBack' },
  minimum: { messages: 60 },
  async run(scenario) {
    const topic = scenario.plainTopic({ groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const unwilling = await scenario.messaging('unwilling')
    const willing = await scenario.messaging('willing')
    const options = { group: 'all', retry: false } as const
    const unwanted = new Set<string>()
    const left = await scenario.consume(unwilling, topic, options, async ({ id, payload }, delivery) => {
      if (payload.n % 3 !== 0) return
      unwanted.add(id)
      await delivery.giveBack()
    })
    const right = await scenario.consume(willing, topic, options)
    const sent = await scenario.publishAll(publisher, topic, { count: 60 })
    await scenario.until(() => new Set([...left.done, ...right.done]).size === sent.length, 'all messages', {
      saw: () => [left.done.size, right.done.size],
    })
    assert.atLeast(unwanted.size, 1, 'messages that one consumer did not want')
    for (const id of unwanted) assert.ok(right.done.has(id), `${id} was given back and came to the other consumer`)
    const runs = [...left.runs, ...right.runs]
    for (const { id, attempt } of runs) assert.equal(attempt, 1, `attempt of ${id}`)
    for (const { id } of sent) {
      const times = runs.filter((run) => run.id === id && run.outcome === 'ok').length
      assert.equal(times, 1, `runs of ${id} that ended well`)
      if (!unwanted.has(id))
        assert.equal(runs.filter((run) => run.id === id).length, 1, `deliveries of ${id}, which nobody gave back`)
    }
    await untilDepth(scenario, topic.name, 'all')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
  async refused(scenario) {
    const { capabilities } = scenario.harness
    assert.equal(capabilities.giveBack, 'rewind', 'what the adapter declares')
    assert.ok(
      capabilities.notes['giveBack']?.how !== 'native',
      'the notes do not call native what the adapter cannot do',
    )
    // What it does instead: the message waits with its owner, and comes again there although another consumer is free.
    const topic = scenario.plainTopic({ groups: ['all'] })
    const client = await scenario.messaging('client')
    await scenario.publishAll(client, topic, { count: 20 })
    let once = true
    const all = await scenario.consume(client, topic, { group: 'all', retry: false }, async ({ payload }, delivery) => {
      if (payload.n !== 0 || !once) return
      once = false
      await delivery.giveBack()
    })
    await scenario.until(() => all.done.size === 20, '20 messages')
    assert.equal(all.runs.length, 21, 'deliveries: nothing but the one that was given back comes again')
    for (const { id, attempt } of all.runs) assert.equal(attempt, 1, `attempt of ${id}`)
  },
})
