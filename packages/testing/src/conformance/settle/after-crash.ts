import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { startPacedLoad } from '../../scenario/paced-load.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import type { ItemTopic } from '../../scenario/item.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'

const count = 600
const open = 12

/**
 * S4: of 600 messages twelve at random places stay open, all others end in random order and are stored. Then the process is killed: the
 * twelve come again, and, as the broker knew, nothing else.
 */
export const settledOutOfOrder: Conformance = defineConformance({
  id: 'S4',
  needs: { faults: ['kill'] },
  parallel: true,
  minimum: { messages: 2 * count, keys: count, faults: 2 },
  async run(scenario) {
    const keyed = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    for (const topic of [keyed, plain]) await outOfOrder(scenario, topic)
    scenario.check({ groups: [keyed, plain].map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

async function outOfOrder(scenario: Scenario, topic: ItemTopic<boolean>): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const sent = await scenario.publishAll(publisher, topic, topic.keyed ? { count, keys: count } : { count })
  const stuck = new Set<string>()
  while (stuck.size < open) stuck.add(sent[Math.floor(scenario.random() * count)]?.id ?? '')
  const client = await scenario.messaging('killed')
  const options = { group: 'all', concurrency: count, window: { messages: 2 * count } } as const
  const first = await scenario.consume(client, topic, options, async ({ id }) => {
    if (stuck.has(id)) await new Promise(() => undefined)
    await takes(scenario.random() * 20)
  })
  await scenario.until(() => first.done.size === count - open, `${count - open} messages`, {
    saw: () => first.done.size,
  })
  await untilDepth(scenario, topic.name, 'all', open)
  const known = scenario.inspect.depth !== undefined
  await scenario.faults.kill(client)

  const second = await scenario.consume(await scenario.messaging('next'), topic, options)
  await scenario.until(() => [...stuck].every((id) => second.done.has(id)), 'what was open at the kill', {
    saw: () => second.done.size,
  })
  await untilDepth(scenario, topic.name, 'all')
  for (const { id, attempt } of second.runs) assert.equal(attempt, 1, `attempt of ${id}, which has not failed`)
  if (known) {
    assert.equal(
      second.runs.map(({ id }) => id).sort(),
      [...stuck].sort(),
      'deliveries to the next consumer: what the broker did not know as settled',
    )
  }
}

/** S4: the same in mid-stream, with the process killed while messages end in any order. */
export const outOfOrderUnderLoad: Conformance = defineConformance({
  id: 'S4',
  part: 'load',
  needs: { faults: ['kill'] },
  minimum: { messages: 500, keys: 16, faults: 3 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const load = await startPacedLoad(scenario, publisher, topic, { keys: 40 })
    const begin = async () => {
      const client = await scenario.messaging('consumer')
      const all = await scenario.consume(client, topic, { group: 'all', concurrency: 60 }, () =>
        // Few slow ones among many fast ones: the slow ones stay behind.
        takes(scenario.random() < 0.05 ? 60 : scenario.random() * 3),
      )
      return { client, all }
    }
    let current = await begin()
    const everything = [current.all]
    for (let kill = 0; kill < 3; kill++) {
      const { client, all } = current
      await scenario.until(() => all.done.size > 150, `150 messages before kill ${kill + 1}`)
      await scenario.faults.underLoad('the kill', async () => {
        await scenario.faults.kill(client)
        current = await begin()
      })
      everything.push(current.all)
    }
    const results = await load.stop()
    const done = (id: string): boolean => everything.some((all) => all.done.has(id))
    await scenario.until(() => results.every(({ id }) => done(id)), 'everything that was published')
    const report = scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    assert.atMost(report.counts.duplicates, report.duplicateBound, 'messages that were handled twice')
  },
})

const behind = 120

/**
 * S6: in each partition an early message fails and waits for its retry, all later ones succeed and are stored, the process is killed. The
 * failed one is not covered by the success of those behind it.
 */
export const failedThenCrash: Conformance = defineConformance({
  id: 'S6',
  needs: { faults: ['kill'] },
  parallel: true,
  minimum: { messages: 2 * behind, keys: 30, faults: 4 },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 3, groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
    for (const topic of topics) {
      const publisher = await scenario.messaging('publisher')
      const sent = await scenario.publishAll(
        publisher,
        topic,
        topic.keyed ? { count: behind, keys: 30 } : { count: behind },
      )
      // Every key that begins with k1 fails at its first message: these are followed by others of their own key, which wait for them.
      const failing = sent
        .filter(({ item: { key, n } }) => (key === null ? n % 20 === 0 : key.startsWith('k1') && n === 0))
        .map(({ id }) => id)
      const blocked = topic.keyed ? failing.length * (behind / 30 - 1) : 0
      const options = { group: 'all', breaker: false, window: { messages: 1_000 } } as const
      let attempts = new Set([1])
      for (let crash = 1; crash <= 2; crash++) {
        const client = await scenario.messaging('killed')
        const first = await scenario.consume(
          client,
          topic,
          { ...options, retry: fixedRetry(600_000) },
          async ({ id }, { attempt }) => {
            if (!failing.includes(id)) return
            assert.ok(attempts.has(attempt), `attempt ${attempt} of ${id} is one of ${[...attempts].join(', ')}`)
            throw new Error('not yet')
          },
        )
        const good = behind - failing.length - blocked
        await scenario.until(
          () => first.subscription.stats().held === failing.length && (crash > 1 || first.done.size === good),
          `${failing.length} messages to fail and ${good} to succeed`,
          { saw: () => [first.subscription.stats().held, first.done.size] },
        )
        await untilDepth(scenario, topic.name, 'all', failing.length + blocked)
        if (crash > 1 && scenario.inspect.depth !== undefined)
          assert.equal(first.runs.map(({ id }) => id).sort(), [...failing].sort(), 'what came again after the crash')
        await scenario.faults.kill(client)
        await expectDepth(scenario, topic.name, 'all', failing.length + blocked)
        attempts = new Set([1, crash + 1])
      }
      const latch = createLatch()
      const last = await scenario.consume(await scenario.messaging('next'), topic, options, () => latch.opened)
      latch.open()
      await scenario.until(() => failing.every((id) => last.done.has(id)), 'what had failed before the crash')
      await untilDepth(scenario, topic.name, 'all')
      for (const id of failing) assert.equal(last.runs.filter((run) => run.id === id).length, 1, `deliveries of ${id}`)
    }
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})
