import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'

const keys = 32
/** What was handed over three times without being started runs alone, so a backlog of the faults may take its time. */
const drainMs = 30_000

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
    const load = scenario.startLoad(publisher, topic, { inFlight: 64, keys })
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
      timeoutMs: drainMs,
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
