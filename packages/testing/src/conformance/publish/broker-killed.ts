import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

const groups = ['left', 'right']

/**
 * P4: the broker dies under a stream of publishes of which a part has no patience, so that all three results occur. What was told must
 * be true: resolved means readable by both groups, refused means readable by none.
 */
export const brokerKilled: Conformance = defineConformance({
  id: 'P4',
  needs: { faults: ['stopBroker'] },
  minimum: { messages: 1_000, keys: 16, faults: 5 },
  timeoutMs: 60_000,
  async run(scenario) {
    const { faults, harness } = scenario
    const topic = scenario.keyedTopic({ groups })
    const publisher = await scenario.messaging('publisher', { publishTimeoutMs: harness.timings.patienceMs })
    const consumers = await Promise.all(
      groups.map(async (group) => {
        const client = await scenario.messaging(group)
        return scenario.consume(client, topic, { group, concurrency: 50 })
      }),
    )
    // Answers that take a while make sure that each kill hits publishes that the broker has, and has not told.
    if (harness.faults.slowSends !== undefined) await faults.slowSends(3)
    const load = scenario.startLoad(publisher, topic, {
      inFlight: 200,
      options: (index) => (index % 4 === 0 ? { timeoutMs: 40 } : {}),
    })
    for (let kill = 0; kill < scenario.kills; kill++) {
      const enough = load.results.length + 100 + Math.floor(scenario.random() * 300)
      await scenario.until(() => load.results.length >= enough, `publishes before kill ${kill + 1}`)
      await faults.underLoad('the kill of the broker', async () => {
        const failed = load.results.filter(({ result }) => result !== 'ok').length
        const start = await faults.stopBroker()
        // Impatient publishes give up while it is down: some were on their way, some were never sent.
        await scenario.until(
          () => load.results.filter(({ result }) => result !== 'ok').length > failed + 10,
          'impatient publishes to give up',
        )
        await start()
      })
    }
    const results = await load.stop()
    const last = await scenario.publishAll(publisher, topic, { count: 16 })
    for (const { done } of consumers) {
      await scenario.until(() => last.every(({ id }) => done.has(id)), 'the last message of each key', {
        saw: () => done.size,
      })
    }

    for (const kind of ['ok', 'refused'] as const) {
      assert.atLeast(results.filter(({ result }) => result === kind).length, 10, `publishes that ended as ${kind}`)
    }
    for (const { result, error } of results) {
      if (result === 'refused')
        assert.ok(
          error?.code === 'TIMEOUT',
          `a publish gave up with ${error?.code ?? 'nothing'}: TIMEOUT or UNCERTAIN were due`,
        )
    }
    // Until the copies of resends are handled too, nothing that appears late would be seen.
    await settled(groups)
    scenario.check({ groups: groups.map((group) => ({ topic: topic.name, group })), resendsPerDoubt: 3 })

    async function settled(names: readonly string[]): Promise<void> {
      const { depth } = scenario.inspect
      if (depth === undefined) return
      for (const group of names) {
        await scenario.until(
          async () => (await depth.call(scenario.inspect, topic.name, group)) === 0,
          `${group} to have settled everything`,
        )
      }
    }
  },
})
