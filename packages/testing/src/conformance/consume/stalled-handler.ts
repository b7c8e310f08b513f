import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { createLatch } from '../../scenario/handler-work.js'
import { reachableBytes } from '../../scenario/memory-use.js'
import { expectDepth } from '../../scenario/settled.js'

const count = 20_000
const pad = 2_000
const window = 50
const partitions = 4
const mebibyte = 1_048_576

/** C10: 40 MB of backlog before handlers that stand still: the process holds no more than its windows, before and after they have stalled. */
export const stalledHandler: Conformance = defineConformance({
  id: 'C10',
  minimum: { messages: count, keys: 100 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const client = await scenario.messaging('consumer')
    const plan = { count: count / 2, keys: 100, pad, inFlight: 1_000 }
    await scenario.publishAll(publisher, topic, plan)
    const go = createLatch()
    scenario.after(() => go.open())
    const before = reachableBytes()
    let handled = 0
    const next = new Map<string, number>()
    // Not recorded: a record of each message would be the larger part of what is measured.
    const options = { group: 'all', concurrency: 10, window: { messages: window } }
    const subscription = await client.subscribe(topic, options, async ({ payload }) => {
      await go.opened
      assert.equal(payload.n, next.get(payload.key ?? '') ?? 0, `next message of key ${payload.key}`)
      next.set(payload.key ?? '', payload.n + 1)
      handled++
    })
    const held = (): number => subscription.stats().running + subscription.stats().waiting
    await scenario.until(() => held() === partitions * window, 'the windows to be full', { saw: held })
    assert.atMost(reachableBytes() - before, 8 * mebibyte, 'bytes more than before the handlers stalled')

    // A stalled consumer does not hold up who publishes, and what comes meanwhile stays at the broker too.
    await scenario.publishAll(publisher, topic, plan)
    assert.equal([held(), subscription.stats().delivered], [200, 200], 'deliveries held and counted with all published')
    assert.equal([handled, subscription.stats().running], [0, 10], 'messages handled, handlers that run')
    await expectDepth(scenario, topic.name, 'all', count)
    if (scenario.inspect.unsettled !== undefined)
      assert.atMost(await scenario.inspect.unsettled(topic.name, 'all'), partitions * window, 'what was handed out')
    go.open()
    await scenario.until(() => handled === count, 'everything when handlers go on', {
      saw: () => handled,
      timeoutMs: 30_000,
    })
    await client.close()
    assert.equal([handled, subscription.stats().acked], [count, count], 'messages handled, and acked')
    assert.ok(
      [...next.values()].every((n) => n === count / 100),
      'each key to its end',
    )
    await expectDepth(scenario, topic.name, 'all', 0)
  },
})
