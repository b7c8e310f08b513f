import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Scenario } from '../../scenario.js'
import { createLatch } from '../../scenario/handler-work.js'
import type { ItemTopic } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const others = 500

/**
 * O11: the connection is cut twice under handlers that ignore their signal. What they work on is handed to the same process again and
 * waits there; with keys their lanes wait too, everything else goes on.
 */
export const redeliveryWaits: Conformance = defineConformance({
  id: 'O11',
  needs: { faults: ['cut'] },
  parallel: true,
  minimum: { messages: others + 9, keys: 19, faults: 2 },
  run: (scenario) => cutUnderHandlers(scenario, scenario.keyedTopic({ partitions: 3, groups: ['all'] })),
})

/** O11: without keys it is the message itself that waits for its old handler. */
export const redeliveryWithoutKeyWaits: Conformance = defineConformance({
  id: 'O11',
  part: 'unkeyed',
  needs: { faults: ['cut'] },
  parallel: true,
  minimum: { messages: others + 9, faults: 2 },
  run: (scenario) => cutUnderHandlers(scenario, scenario.plainTopic({ groups: ['all'] })),
})

async function cutUnderHandlers(scenario: Scenario, topic: ItemTopic<boolean>): Promise<void> {
  const client = await scenario.messaging('consumer')
  const publisher = await scenario.messaging('publisher')
  const go = createLatch()
  scenario.after(() => go.open())
  const long = new Set<string>()
  const open = new Map<string, number>()
  let beside = 0
  let signals = 0
  const options = { group: 'all', concurrency: 8 }
  const all = await scenario.consume(client, topic, options, async (message, { signal }) => {
    const lane = message.key === null ? message.id : String(message.key)
    const now = (open.get(lane) ?? 0) + 1
    open.set(lane, now)
    if (now > 1) beside++
    if (long.has(message.id) && !go.isOpen) {
      signal.addEventListener('abort', () => signals++)
      await go.opened
    }
    open.set(lane, (open.get(lane) ?? 0) - 1)
  })
  // Three messages of each of three keys; the first of each has the long handler.
  const items = Array.from({ length: 9 }, (_, index) => scenario.item(topic, topic.keyed ? `long${index % 3}` : null))
  for (const [index, item] of items.entries()) {
    const id = scenario.newId()
    if (index < 3) long.add(id)
    await scenario.publishOne(publisher, topic, item, { id })
  }
  const short = topic.keyed ? 0 : 6
  await scenario.until(() => all.runs.length === 3 + short && all.done.size === short, 'the long handlers to run')
  await untilDepth(scenario, topic.name, 'all', 9 - short)
  const runsOfLong = (): number => all.runs.filter(({ id }) => long.has(id)).length
  for (let cut = 1; cut <= 2; cut++) {
    const before = all.subscription.stats().delivered
    await scenario.faults.loseClaims(client, 'consume')
    await scenario.until(
      () => client.health().consume === 'ready' && all.subscription.stats().delivered >= before + 9 - short,
      'everything unfinished to be handed to the process again',
      { saw: () => [client.health().consume, all.subscription.stats()] },
    )
    // Only the first loss ends deliveries with handlers; what waits behind them is lost again with nobody to tell.
    await scenario.publishAll(publisher, topic, { count: others / 2, ...(topic.keyed ? { keys: 16 } : {}) })
    await scenario.until(() => all.done.size === short + (others / 2) * cut, 'other messages to go on', {
      saw: () => [all.done.size, all.subscription.stats()],
    })
    assert.equal(runsOfLong(), 3, 'runs of the messages with long handlers while these go on')
    assert.equal(signals, 3, 'signals that have fired')
    assert.equal(all.runs.length, 3 + short + (others / 2) * cut, 'runs')
    await untilDepth(scenario, topic.name, 'all', 9 - short)
  }
  go.open()
  await scenario.until(
    () => runsOfLong() === 6 && all.done.size === others + 9,
    'the redeliveries and what is behind',
    {
      saw: () => [runsOfLong(), all.done.size],
    },
  )
  await untilDepth(scenario, topic.name, 'all')
  assert.equal([beside, all.runs.length], [0, others + 12], 'handlers beside another of their key or message, runs')
  assert.ok(
    all.runs.every(({ attempt }) => attempt === 1),
    'a lost delivery is no attempt',
  )
  for (const id of long) {
    const [first, second] = all.runs.filter((run) => run.id === id)
    assert.atLeast(
      second?.startedMs ?? 0,
      first?.endedMs ?? Infinity,
      'start of the redelivery, end of the old handler',
    )
  }
  if (topic.keyed) {
    for (let key = 0; key < 3; key++) {
      assert.equal(
        all.runs.filter(({ message }) => message.key === `long${key}`).map(({ message }) => message.payload.n),
        [0, 0, 1, 2],
        'runs of a key whose connection was cut twice',
      )
    }
  }
  scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
}
