import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { createLatch } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'

const count = 600
const groups = ['left', 'right', 'stalled', 'idle']

/**
 * C1: two groups that run, one whose handlers stand still and one that nobody consumes yet. What one group settles is settled for it
 * alone, and none waits for another.
 */
export const everyGroup: Conformance = defineConformance({
  id: 'C1',
  parallel: true,
  minimum: { messages: 2 * count, keys: 16 },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 4, groups }), scenario.plainTopic({ groups })]
    const publisher = await scenario.messaging('publisher')
    for (const topic of topics) {
      const [first, second] = [await scenario.messaging('first'), await scenario.messaging('second')]
      const go = createLatch()
      scenario.after(() => go.open())
      const left = await scenario.consume(first, topic, { group: 'left' })
      const right = await scenario.consume(second, topic, { group: 'right' })
      const stalled = await scenario.consume(first, topic, { group: 'stalled' }, () => go.opened)
      const sent = await scenario.publishAll(publisher, topic, { count })
      const items = new Map<string, Item>(sent.map(({ id, item }) => [id, item]))
      await scenario.until(() => left.done.size >= count && right.done.size >= count, 'both running groups', {
        saw: () => [left.done.size, right.done.size],
      })
      assert.equal(stalled.done.size, 0, 'messages that the stalled group has finished')
      await expectDepth(scenario, topic.name, 'idle', count)
      await expectDepth(scenario, topic.name, 'stalled', count)
      go.open()
      const idle = await scenario.consume(second, topic, { group: 'idle' })
      await scenario.until(() => idle.done.size >= count && stalled.done.size >= count, 'the groups that came late', {
        saw: () => [idle.done.size, stalled.done.size],
      })
      for (const { runs } of [left, right, stalled, idle]) {
        assert.equal(runs.length, count, 'deliveries in one group')
        for (const { id, message, attempt } of runs) {
          assert.equal([message.payload, attempt], [items.get(id) as Item, 1], `payload and attempt of ${id}`)
        }
      }
      for (const group of groups) await untilDepth(scenario, topic.name, group)
    }
    scenario.check({ groups: topics.flatMap(({ name }) => groups.map((group) => ({ topic: name, group }))) })
  },
})
