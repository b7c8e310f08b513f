import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'

const keys = 32
/** The backlog of all the faults, on a machine that may do other things too. */
const drainMs = 15_000

/** O8: connections of publisher and consumers are cut and the broker restarts, under load. What comes again comes in order. */
export const reconnects: Conformance = defineConformance({
  id: 'O8',
  needs: { faults: ['cut', 'stopBroker'] },
  minimum: { messages: 2_000, keys, faults: 8 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 6, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const runs = emptyRuns<Item>()
    const open = new Set<string>()
    const clashes: string[] = []
    const consumers = await Promise.all(
      ['one', 'two'].map(async (label) => {
        const client = await scenario.messaging(label)
        const options = { group: 'all', concurrency: 16 }
        await scenario.consume(
          client,
          topic,
          options,
          async ({ id, payload }) => {
            // In one process never two of a key, whatever happens to its connections.
            const own = `${label} ${payload.key}`
            if (open.has(own)) clashes.push(`${id} on ${label}`)
            open.add(own)
            await takes(scenario.random() * 3)
            open.delete(own)
          },
          runs,
        )
        return client
      }),
    )
    const load = scenario.startLoad(publisher, topic, { inFlight: 64, keys, handled: () => runs.done.size })
    const { underLoad, cut, stopBroker } = scenario.faults
    const turn = (): Promise<void> => takes(scenario.random() * 20)
    const rounds = scenario.long ? 10 : 2
    for (let round = 0; round < rounds; round++) {
      for (const consumer of consumers) await underLoad('a cut of a consumer', () => cut(consumer, 'consume'))
      await underLoad('a cut of the publisher', () => cut(publisher, 'publish'))
      await underLoad('a restart of the broker', async () => {
        const start = await stopBroker()
        await turn()
        await start()
      })
    }
    const sent = await load.stop()
    const stored = sent.filter(({ result }) => result === 'ok')
    await scenario.until(() => stored.every(({ id }) => runs.done.has(id)), `${stored.length} messages`, {
      saw: () => runs.done.size,
      timeoutMs: Math.max(drainMs, 2 * scenario.harness.timings.patienceMs),
    })
    assert.equal(clashes, [], 'handlers of one key at the same time in one process')
    assert.equal(sent.length - stored.length, 0, 'publishes without success: the broker always came back in time')
    const due = new Map<string | null, number>()
    for (const { message } of runs.runs) {
      const { key, n } = message.payload
      const next = due.get(key) ?? 0
      assert.atMost(n, next, `number of a message of ${key}: none is skipped`)
      if (n === next) due.set(key, next + 1)
    }
    scenario.check({
      groups: [{ topic: topic.name, group: 'all' }],
      allowOverlapAfterLoss: true,
      resendsPerDoubt: 3,
    })
  },
})

const others = 25

/**
 * O8: a cut hits keys that wait for a slot with all they have. They come again while their old places in the queue for slots are still
 * there, and more of each key is sent while what came again is worked off.
 */
export const reconnectWhileWaiting: Conformance = defineConformance({
  id: 'O8',
  part: 'waiting',
  needs: { faults: ['cut'] },
  parallel: true,
  minimum: { messages: 500, keys: others + 2, faults: 2 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const publisher = await scenario.messaging('publisher')
    const go = createLatch()
    scenario.after(() => go.open())
    const open = new Set<string>()
    const clashes: string[] = []
    const all = await scenario.consume(client, topic, { group: 'all', concurrency: 2 }, async ({ id, payload }) => {
      const key = payload.key ?? ''
      if (open.has(key)) clashes.push(`${id} of ${key}`)
      open.add(key)
      if (key.startsWith('long')) await go.opened
      else await takes(1)
      open.delete(key)
    })
    for (const key of ['long0', 'long1']) await scenario.publishOne(publisher, topic, scenario.item(topic, key))
    await scenario.until(() => open.size === 2, 'both slots to be taken')
    await scenario.publishAll(publisher, topic, { count: others * 10, keys: others })
    const waiting = (): number => all.subscription.stats().waiting
    await scenario.until(() => waiting() === others * 10, 'all other keys to wait for a slot', { saw: waiting })
    for (let cut = 0; cut < 2; cut++) {
      const before = all.subscription.stats().delivered
      await scenario.faults.loseClaims(client, 'consume')
      await scenario.until(
        () => all.subscription.stats().delivered >= before + others * 10 + 2,
        'everything to be handed to the process again',
        { saw: () => all.subscription.stats() },
      )
    }
    go.open()
    await scenario.until(() => all.runs.length > 10, 'the other keys to go on')
    await scenario.publishAll(publisher, topic, { count: others * 10, keys: others })
    await scenario.until(() => all.done.size === others * 20 + 2, 'everything', { saw: () => all.done.size })
    assert.equal(clashes, [], 'handlers of one key at the same time')
    assert.equal(all.runs.length, others * 20 + 4, 'runs: only those twice whose handlers ran when it was cut')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
