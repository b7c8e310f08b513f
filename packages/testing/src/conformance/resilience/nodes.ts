import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { startTraffic } from './traffic.js'

/**
 * R3: every node is gone, for so long that impatient publishes give up, and comes back; patient publishes are stored afterwards. A
 * broker of one node has no other case.
 */
export const allNodesKilled: Conformance = defineConformance({
  id: 'R3',
  part: 'all',
  parallel: true,
  needs: { faults: ['stopBroker'] },
  minimum: { messages: 1_000, keys: 32, faults: 3 },
  timeoutMs: 90_000,
  async run(scenario) {
    const traffic = await startTraffic(scenario)
    const { publisher, consumers, topic } = traffic
    const impatient = scenario.plainTopic({ groups: ['other'] })
    await scenario.publishAll(publisher, impatient, { count: 1 })
    for (let outage = 1; outage <= 3; outage++) {
      await scenario.faults.underLoad(`outage ${outage}`, async () => {
        const start = await scenario.faults.stopBroker()
        await scenario.until(
          () => [publisher, ...consumers].every((client) => client.health().status === 'down'),
          'everybody to know',
        )
        const waited = await scenario.publishAll(publisher, impatient, {
          count: 10,
          mayFail: true,
          options: () => ({ timeoutMs: 200 }),
        })
        for (const { result, error } of waited)
          assert.equal([result, error?.code], ['refused', 'TIMEOUT'], 'a publish that could not wait for the broker')
        const handled = traffic.runs.runs.length
        await start()
        await scenario.until(() => traffic.runs.runs.length > handled, 'the first message after the outage')
      })
      await traffic.goesOn(200)
    }
    const { counts } = await traffic.finish({ allowOverlapAfterLoss: true })
    assert.atLeast(counts.faults, 3, 'outages in the history')
    assert.equal(
      traffic.load.results.filter(({ result }) => result !== 'ok').length,
      0,
      `publishes to ${topic.name} that could wait and failed`,
    )
    if (scenario.inspect.depth !== undefined)
      assert.equal(await scenario.inspect.depth(impatient.name, 'other'), 1, 'publishes that were refused and stored')
  },
})

/** R3: one of several nodes is gone. The others have the majority, so that work goes on without it. */
export const oneNodeKilled: Conformance = defineConformance({
  id: 'R3',
  part: 'one',
  needs: { faults: ['stopNodes'] },
  minimum: { messages: 1_000, keys: 32, faults: 3 },
  timeoutMs: 90_000,
  run: (scenario) => withoutNodes(scenario, 1),
})

/** R3: two of three nodes are gone, so that nothing can be stored; once one is back, all of it is. */
export const twoNodesKilled: Conformance = defineConformance({
  id: 'R3',
  part: 'two',
  needs: { faults: ['stopNodes'] },
  minimum: { messages: 1_000, keys: 32, faults: 3 },
  timeoutMs: 90_000,
  run: (scenario) => withoutNodes(scenario, 2),
})

async function withoutNodes(scenario: Scenario, gone: 1 | 2): Promise<void> {
  const traffic = await startTraffic(scenario)
  const clients = [traffic.publisher, ...traffic.consumers]
  for (let outage = 1; outage <= 3; outage++) {
    await scenario.faults.underLoad(`outage ${outage}`, async () => {
      const start = await scenario.faults.stopNodes(gone)
      if (gone === 1) await traffic.goesOn(200)
      else {
        const waits = (): boolean => clients.every((client) => client.health().status !== 'up')
        await scenario.until(waits, 'everybody to know', { saw: () => clients.map((client) => client.health().status) })
      }
      const handled = traffic.runs.runs.length
      await start()
      await scenario.until(() => traffic.runs.runs.length > handled, 'the first message after the outage')
    })
    await traffic.goesOn(200)
  }
  const { counts } = await traffic.finish({ allowOverlapAfterLoss: true })
  assert.atLeast(counts.faults, 3, 'outages in the history')
  const failed = traffic.load.results.filter(({ result }) => result !== 'ok')
  assert.equal(failed.length, 0, `publishes to ${traffic.topic.name} that could wait and failed`)
}
