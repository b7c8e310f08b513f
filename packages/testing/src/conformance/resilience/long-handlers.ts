import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import { untilDepth } from '../../scenario/settled.js'

const holdMs = 250
/** Longer, so that a machine that is late does not look like an adapter that is. */
const laneHoldMs = 2_000

/**
 * R6: three keys whose handlers outlast what the broker bears, one with a signal that is listened to, two without; more of their keys
 * behind them. Other keys go on meanwhile. What the broker took back is handled again, after the old handler, never beside it.
 */
export const longHandler: Conformance = defineConformance({
  id: 'R6',
  parallel: true,
  needs: { holdMs },
  minimum: { messages: 560, keys: 13 },
  timeoutMs: 60_000,
  longTimeoutMs: 120_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const clients = [await scenario.messaging('first'), await scenario.messaging('second')]
    recordLosses(scenario, clients)
    const limitMs = Number.isFinite(scenario.harness.timings.holdMs) ? scenario.harness.timings.holdMs : holdMs
    const go = createLatch()
    scenario.after(() => go.open())
    const slow = ['slow-a', 'slow-b', 'slow-c']
    const begun = new Set<string>()
    const body = async (
      { payload: { key, n } }: { readonly payload: { readonly key: string | null; readonly n: number } },
      delivery: { readonly signal: AbortSignal },
    ): Promise<void> => {
      if (key === null || !slow.includes(key) || n > 0 || begun.has(key)) return
      begun.add(key)
      if (key === 'slow-a')
        await Promise.race([go.opened, new Promise((end) => delivery.signal.addEventListener('abort', end))])
      else await go.opened
    }
    const consumptions = [
      await scenario.consume(clients[0] as Client, topic, { group: 'all', retry: false }, body),
      await scenario.consume(clients[1] as Client, topic, { group: 'all', retry: false }, body),
    ]
    const items = slow.flatMap((key) => Array.from({ length: 20 }, () => scenario.item(topic, key)))
    const sent = await Promise.all(items.map((item) => scenario.publishOne(clients[0] as Client, topic, item)))
    await scenario.until(() => begun.size === slow.length, 'the slow handlers to begin')
    const beganMs = performance.now()
    let others = 0
    while (performance.now() - beganMs < limitMs * 3) {
      await scenario.publishAll(clients[0] as Client, topic, { count: 10, keys: 10 })
      others += 10
      await takes(10)
    }
    const rest = Math.max(0, 500 - others)
    if (rest > 0) await scenario.publishAll(clients[0] as Client, topic, { count: rest, keys: 10 })
    const done = (): number => consumptions.reduce((sum, consumption) => sum + consumption.done.size, 0)
    go.open()
    const expected = sent.length + others + rest
    await scenario.until(() => done() >= expected, `${expected} messages`, { saw: done })
    await untilDepth(scenario, topic.name, 'all')
    const runs = consumptions.flatMap((consumption) => consumption.runs)
    assert.equal(runs.filter(({ attempt }) => attempt > 1).length, 0, 'attempts that a hold limit has counted')
    for (const { subscription } of consumptions)
      assert.equal(subscription.stats().deadLettered, 0, 'dead letters without a failure')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/**
 * R6: no handler is long, but the lane behind it is: its last messages would lie here for longer than the broker bears. They go back
 * in good time, so nothing is taken away and nothing runs twice.
 */
export const longLane: Conformance = defineConformance({
  id: 'R6',
  part: 'lane',
  needs: { holdMs: laneHoldMs },
  minimum: { messages: 500, keys: 17 },
  timeoutMs: 60_000,
  longTimeoutMs: 120_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const losses = recordLosses(scenario, [client])
    const limitMs = Number.isFinite(scenario.harness.timings.holdMs) ? scenario.harness.timings.holdMs : laneHoldMs
    const all = await scenario.consume(client, topic, { group: 'all', retry: false }, async ({ payload }) => {
      if (payload.key === 'lane') await takes(limitMs / 16)
    })
    const lane = Array.from({ length: 40 }, () => scenario.item(topic, 'lane'))
    await Promise.all(lane.map((item) => scenario.publishOne(client, topic, item)))
    await scenario.publishAll(client, topic, { count: 460, keys: 16 })
    await scenario.until(() => all.done.size === 500, 'everything', { saw: () => all.done.size })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(losses, [], 'claims that the broker had to take away')
    assert.equal([all.runs.length, all.subscription.stats().lost], [500, 0], 'runs, lost deliveries')
    assert.ok(
      all.runs.every(({ attempt }) => attempt === 1),
      'no attempt is counted for lying in a lane',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/** What the broker takes away on its own is a fault that the history has to know. */
function recordLosses(scenario: Scenario, clients: readonly Client[]): readonly string[] {
  const losses: string[] = []
  for (const client of clients) {
    client.on('claim', ({ topic, group, partition, state }) => {
      if (state !== 'lost') return
      losses.push(`${topic} ${group} ${partition}`)
      scenario.recorder.fault({ kind: 'claim-lost', instance: scenario.nameOf(client), topic, group, partition })
    })
  }
  return losses
}
