import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { createLatch } from '../../scenario/handler-work.js'
import { untilDepth } from '../../scenario/settled.js'

const others = 500
/** An adapter tells the broker within so many ms, whatever is still open (`Consumer.done`). */
const toldMs = 250

/**
 * O12: the first message of the partition stays open. What is finished behind it is stored in time all the same: the broker says so, and
 * the next owner after a kill gets none of it again.
 */
export const storedAhead: Conformance = defineConformance({
  id: 'O12',
  needs: { faults: ['kill'], inspect: ['depth'] },
  parallel: true,
  minimum: { messages: others + 3, keys: 17, faults: 1 },
  run: (scenario) => storeAroundStuck(scenario, async () => undefined),
})

async function storeAroundStuck(scenario: Scenario, between: (topic: string) => Promise<void>): Promise<void> {
  const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  const client = await scenario.messaging('first')
  const go = createLatch()
  scenario.after(() => go.open())
  const first = await scenario.consume(client, topic, { group: 'all', concurrency: 20 }, ({ payload }) =>
    payload.key === 'stuck' ? go.opened : undefined,
  )
  for (let n = 0; n < 3; n++) await scenario.publishOne(publisher, topic, scenario.item(topic, 'stuck'))
  await scenario.until(() => first.runs.length === 1, 'the first message of the partition to be open')
  for (let part = 0; part < 5; part++) {
    await between(topic.name)
    await scenario.publishAll(publisher, topic, { count: others / 5 })
    await scenario.until(() => first.done.size === (others / 5) * (part + 1), 'what is behind it', {
      saw: () => first.done.size,
    })
  }
  const watch = scenario.stopwatch()
  await untilDepth(scenario, topic.name, 'all', 3)
  // Between two looks at the broker a busy machine may lose time of its own.
  assert.atMost(watch.ranMs, toldMs + 100, 'ms until the broker knows what is finished')
  await scenario.faults.kill(client)
  const second = await scenario.consume(await scenario.messaging('second'), topic, { group: 'all' })
  await scenario.until(() => second.done.size === 3, 'the messages that were not finished')
  const last = await scenario.publishAll(publisher, topic, { count: 16 })
  await scenario.until(() => last.every(({ id }) => second.done.has(id)), 'what is sent after')
  await untilDepth(scenario, topic.name, 'all')
  assert.equal(second.runs.length, 19, 'deliveries to the next owner')
  scenario.check({ groups: [{ topic: topic.name, group: 'all' }], storeMs: 0 })
}

/** O7: the same with positions in the log that nothing is at; they count as nothing that is missing. */
export const gaps: Conformance = defineConformance({
  id: 'O7',
  needs: { faults: ['gap', 'kill'], inspect: ['depth'] },
  parallel: true,
  minimum: { messages: others + 3, keys: 17, faults: 1 },
  run: (scenario) => overGaps(scenario),
})

async function overGaps(scenario: Scenario): Promise<void> {
  await storeAroundStuck(scenario, (topic) => scenario.faults.gap(topic, 7))
  // Nothing is open: the position moves over a gap in the middle and one at the end.
  const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
  const client = await scenario.messaging('both')
  const all = await scenario.consume(client, topic, { group: 'all' })
  for (let round = 1; round <= 3; round++) {
    await scenario.publishAll(client, topic, { count: 20 })
    await scenario.faults.gap(topic.name, 5)
    await scenario.until(() => all.done.size === 20 * round, 'messages between gaps', { saw: () => all.done.size })
    await untilDepth(scenario, topic.name, 'all')
  }
  const { position } = scenario.inspect
  if (position !== undefined) {
    let stored: number | undefined
    await scenario.until(
      async () => ((stored = await scenario.inspect.position?.(topic.name, 'all', 0)) ?? 0) >= 70,
      'the position to have passed two gaps of five and sixty messages',
      { saw: () => stored },
    )
  }
  assert.equal(all.runs.length, 60, 'deliveries around gaps')
}

const window = 40

/** O12: a key that stands still fills the window of its partition with what it has open, one place less and the others go on for ever. */
export const stuckKeyBound: Conformance = defineConformance({
  id: 'O12',
  part: 'bound',
  parallel: true,
  minimum: { messages: 2_000, keys: 17 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const client = await scenario.messaging('consumer')
    const go = createLatch()
    scenario.after(() => go.open())
    const options = { group: 'all', concurrency: 8, window: { messages: window } }
    const all = await scenario.consume(client, topic, options, ({ payload }) =>
      payload.key === 'stuck' ? go.opened : undefined,
    )
    const stuck = async (count: number): Promise<void> => {
      await Promise.all(
        Array.from({ length: count }, () => scenario.publishOne(publisher, topic, scenario.item(topic, 'stuck'))),
      )
    }
    await stuck(window - 1)
    await scenario.until(() => all.runs.length === 1, 'the key to stand still')
    await scenario.publishAll(publisher, topic, { count: 1_900 })
    await scenario.until(() => all.done.size === 1_900, 'all other keys through the last place of the window', {
      // One after the other, each with a way to the broker and back.
      timeoutMs: scenario.harness.timings.patienceMs * 3,
      saw: () => [all.done.size, all.subscription.stats()],
    })
    const { running, waiting } = all.subscription.stats()
    assert.equal([running, waiting], [1, window - 2], 'of the stuck key: running, waiting')
    await stuck(1)
    await scenario.until(() => all.subscription.stats().waiting === window - 1, 'the window to be full')
    go.open()
    await scenario.publishAll(publisher, topic, { count: 61 })
    await scenario.until(() => all.done.size === 1_900 + window + 61, 'everything when the key goes on', {
      saw: () => all.done.size,
    })
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
