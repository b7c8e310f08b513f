import { defineTopic, unchecked } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { createLatch, takes } from '../../scenario/handler-work.js'

const cases = [
  { keys: 16, each: 40, partitions: 4 },
  { keys: 100, each: 10, partitions: 1 },
  { keys: 1_000, each: 3, partitions: 8 },
] as const

/**
 * O1: the first messages of all keys are open at the same time, so any two keys can overlap; then handlers take what chance gives them,
 * and each key keeps its order to the last message.
 */
export const parallelKeys: Conformance = defineConformance({
  id: 'O1',
  minimum: { messages: 4_640, keys: 1_116 },
  async run(scenario) {
    for (const one of cases) await runCase(scenario, one)
  },
})

async function runCase(
  scenario: Scenario,
  { keys, each, partitions }: { readonly keys: number; readonly each: number; readonly partitions: number },
): Promise<void> {
  const count = keys * each
  const topic = scenario.keyedTopic({ partitions, groups: ['all'] })
  const client = await scenario.messaging('consumer')
  const go = createLatch()
  scenario.after(() => go.open())
  const open = new Set<string>()
  const all = await scenario.consume(client, topic, { group: 'all', concurrency: keys }, async ({ payload }) => {
    const key = payload.key ?? ''
    assert.ok(!open.has(key), `key ${key} has one handler at a time`)
    open.add(key)
    if (payload.n === 0) await go.opened
    else if (scenario.random() < 0.7) await takes(scenario.random() * 5)
    open.delete(key)
  })
  const sending = scenario.publishAll(await scenario.messaging('publisher'), topic, { count, keys })
  await scenario.until(() => open.size === keys, `handlers of all ${keys} keys at the same time`, {
    saw: () => open.size,
  })
  await sending
  assert.equal(all.runs.length, keys, 'handlers that have started while the first of each key is open')
  go.open()
  await scenario.until(() => all.done.size === count, `${count} messages`, { saw: () => all.done.size })
  const next = new Map<string | null, number>()
  for (const { message, attempt } of all.runs) {
    const { key, n } = message.payload
    assert.equal([n, attempt], [next.get(key) ?? 0, 1], `number and attempt of the next message of ${key}`)
    next.set(key, n + 1)
  }
  assert.equal([all.runs.length, next.size], [count, keys], 'deliveries and keys')
  scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
}

/** O1: handlers that return without a promise, from a backlog: each ends before the next of its key begins, and none is called inside another. */
export const synchronousHandlers: Conformance = defineConformance({
  id: 'O1',
  part: 'synchronous',
  parallel: true,
  minimum: { messages: 2_000, keys: 100 },
  async run(scenario) {
    const count = 2_000
    const topic = defineTopic(scenario.topicName(), {
      schema: unchecked<{ readonly key: string; readonly n: number }>(),
      key: ({ key }) => key,
      partitions: 4,
      groups: ['all'],
    })
    const client = await scenario.messaging('both')
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        client.publish(topic, { key: `k${index % 100}`, n: Math.floor(index / 100) }),
      ),
    )
    scenario.count({ messages: count, keys: 100 })
    const next = new Map<string, number>()
    let inside = 0
    let handled = 0
    let wrong = 0
    const subscription = await client.subscribe(topic, { group: 'all', concurrency: 10 }, ({ payload: { key, n } }) => {
      inside++
      if (inside > 1 || n !== (next.get(key) ?? 0)) wrong++
      next.set(key, n + 1)
      handled++
      inside--
      // A value that is no promise is no settlement either.
      return handled % 2 === 0 ? { settled: handled } : 'anything'
    })
    await scenario.until(() => subscription.stats().acked >= count, `${count} messages`, { saw: () => handled })
    assert.equal(
      [handled, wrong, subscription.stats().acked],
      [count, 0, count],
      'handled, out of order or nested, acked',
    )
    assert.equal(subscription.stats().retried, 0, 'failures')
  },
})
