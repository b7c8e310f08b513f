import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import type { Consumption } from '../../scenario/consuming.js'
import { createLatch, type Latch } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { runsById, untilDepth } from '../../scenario/settled.js'

const count = 600
const slots = 8

/**
 * R20: an instance is frozen with handlers in mid-run and hundreds of messages of its window behind them, for longer than its session.
 * Another one handles everything. Resumed, the first may end what ran, and starts nothing of what was finished elsewhere.
 */
export const frozenInstance: Conformance = defineConformance({
  id: 'R20',
  parallel: true,
  needs: { faults: ['freeze'] },
  minimum: { messages: count, keys: 40, faults: 1 },
  timeoutMs: 60_000,
  async run(scenario) {
    const { topic, frozen, client, go, publisher } = await beginFrozen(scenario)
    const thaw = await scenario.faults.freeze(client)
    const survivor = await scenario.consume(await scenario.messaging('survivor'), topic, {
      group: 'all',
      concurrency: 16,
    })
    await scenario.until(() => survivor.done.size === count, 'the other instance to handle everything', {
      timeoutMs: scenario.harness.timings.takeOverMs + scenario.harness.timings.patienceMs,
      saw: () => survivor.done.size,
    })
    const started = frozen.runs.length
    await thaw()
    // The first thing that happens in the resumed process: its handlers come to their end, and their slots are free.
    go.open()
    await scenario.until(() => frozen.runs.every(({ outcome }) => outcome !== 'running'), 'the resumed handlers to end')
    await scenario.until(() => client.health().status === 'up', 'the resumed instance to be back')
    await scenario.publishAll(publisher, topic, { count: 200, keys: 40 })
    const done = (): number => new Set([...frozen.done, ...survivor.done]).size
    await scenario.until(() => done() === count + 200, 'messages after the thaw', { saw: done })
    await untilDepth(scenario, topic.name, 'all')
    const early = new Set(survivor.runs.slice(0, count).map(({ id }) => id))
    assert.equal(
      frozen.runs.slice(started).filter(({ id }) => early.has(id)).length,
      0,
      'messages that the resumed instance has started after another had finished them',
    )
    assert.equal(Math.max(...runsById(survivor.runs).values()), 1, 'runs of one message at the other instance')
    assert.ok(
      [...frozen.runs, ...survivor.runs].every(({ attempt }) => attempt === 1),
      'no attempt is counted for a process that was stopped',
    )
    assert.atLeast(frozen.subscription.stats().lost, slots, 'deliveries that were counted as lost')
    const { counts } = scenario.check({
      groups: [{ topic: topic.name, group: 'all' }],
      allowOverlapAfterLoss: true,
    })
    assert.atMost(counts.duplicates, slots, 'messages that ran twice: those that ran when it was frozen')
  },
})

/**
 * R15: the member was stopped with finished messages that it had not stored and others that still ran. What it settles after its
 * continuation reaches nobody: while the new owner is in the middle of them, its position covers no unfinished work.
 */
export const staleCommits: Conformance = defineConformance({
  id: 'R15',
  parallel: true,
  needs: { faults: ['freeze'], inspect: ['position'] },
  minimum: { messages: count, keys: 40, faults: 1 },
  timeoutMs: 60_000,
  async run(scenario) {
    const { topic, frozen, client, go } = await beginFrozen(scenario)
    const thaw = await scenario.faults.freeze(client)
    const hold = createLatch()
    scenario.after(() => hold.open())
    const survivor = await scenario.consume(
      await scenario.messaging('survivor'),
      topic,
      { group: 'all', concurrency: 16 },
      () => (survivorRuns() < 100 ? undefined : hold.opened),
    )
    let seen = 0
    function survivorRuns(): number {
      return seen++
    }
    await scenario.until(() => survivor.subscription.stats().running === 16, 'the new owner to be in the middle', {
      timeoutMs: scenario.harness.timings.takeOverMs + scenario.harness.timings.patienceMs,
    })
    const before = await positions(scenario, topic)
    await thaw()
    go.open()
    await scenario.until(() => frozen.runs.every(({ outcome }) => outcome !== 'running'), 'the stopped handlers to end')
    await scenario.until(() => client.health().status === 'up', 'the stopped member to be back')
    const depth = await scenario.inspect.depth?.(topic.name, 'all')
    if (depth !== undefined) assert.atLeast(depth, count - 100 - survivor.done.size, 'messages that are not settled')
    for (const [partition, position] of (await positions(scenario, topic)).entries())
      assert.atLeast(position, before[partition] ?? 0, `position of partition ${partition} after stale settlements`)
    hold.open()
    const done = (): number => new Set([...frozen.done, ...survivor.done]).size
    await scenario.until(() => done() === count, 'everything', { saw: done })
    await untilDepth(scenario, topic.name, 'all')
    const stillRunning = frozen.runs.slice(0, slots).map(({ id }) => id)
    for (const id of stillRunning)
      assert.ok(
        survivor.done.has(id),
        `${id}, which ran when its member was stopped, was handled by the new owner: nobody has settled it for the old one`,
      )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], allowOverlapAfterLoss: true })
  },
})

interface Frozen {
  readonly topic: ItemTopic<true>
  readonly publisher: Client
  readonly client: Client
  readonly frozen: Consumption<Item>
  readonly go: Latch
}

/** One instance that has handled nothing yet, with every slot taken by a handler that waits, and everything else in its window. */
async function beginFrozen(scenario: Scenario): Promise<Frozen> {
  const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  await scenario.publishAll(publisher, topic, { count, keys: 40 })
  const client = await scenario.messaging('frozen')
  const go = createLatch()
  scenario.after(() => go.open())
  const frozen = await scenario.consume(client, topic, { group: 'all', concurrency: slots }, () => go.opened)
  await scenario.until(
    () => frozen.runs.length === slots && frozen.subscription.stats().delivered === count,
    'handlers that run, everything else behind them',
    { saw: () => frozen.subscription.stats() },
  )
  return { topic, publisher, client, frozen, go }
}

async function positions({ inspect }: Scenario, { name }: ItemTopic<true>): Promise<readonly number[]> {
  return Promise.all([0, 1].map(async (partition) => (await inspect.position?.(name, 'all', partition)) ?? 0))
}
