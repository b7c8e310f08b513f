import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { startTraffic } from './traffic.js'

/** Within this time what is handled is stored again. */
const limitMs = 10_000
const partitions = 4

/** R19: the node that keeps the positions of the group dies, and others keep the topic. Messages go on, and so do the positions. */
export const coordinatorDies: Conformance = defineConformance({
  id: 'R19',
  needs: { faults: ['stopCoordinator'], inspect: ['position'] },
  minimum: { messages: 1_000, keys: 32, faults: 2 },
  timeoutMs: 90_000,
  async run(scenario) {
    const traffic = await startTraffic(scenario, { partitions })
    const group = { topic: traffic.topic.name, group: 'all' }
    for (let death = 1; death <= 2; death++) {
      const before = await stored(scenario, group.topic)
      await scenario.faults.underLoad(`death ${death} of the coordinator`, async () => {
        const start = await scenario.faults.stopCoordinator(group)
        const watch = scenario.stopwatch()
        await scenario.until(
          async () => (await stored(scenario, group.topic)) >= before + 200,
          'positions to move on without the node',
          { timeoutMs: 3 * limitMs, saw: () => traffic.runs.done.size },
        )
        assert.atMost(watch.ranMs, limitMs, 'ms until settlements were stored again')
        await start()
      })
      await traffic.goesOn(200)
    }
    const { counts } = await traffic.finish({ allowOverlapAfterLoss: true })
    assert.atLeast(counts.faults, 2, 'deaths in the history')
  },
})

/** How far the group has got, over all partitions, as the broker has it. */
async function stored({ inspect }: Scenario, topic: string): Promise<number> {
  let sum = 0
  for (let partition = 0; partition < partitions; partition += 1)
    sum += (await inspect.position?.(topic, 'all', partition)) ?? 0
  return sum
}
