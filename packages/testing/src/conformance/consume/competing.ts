import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'

const count = 1_200
const keys = 64

/** C2: three consumers of one group, with keys and without. */
export const competing: Conformance = defineConformance({
  id: 'C2',
  parallel: true,
  minimum: { messages: 2 * count, keys },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 8, groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
    for (const topic of topics) {
      const runs = emptyRuns<Item>()
      const consumers = await Promise.all(
        ['a', 'b', 'c'].map(async (label) => {
          const client = await scenario.messaging(label)
          const body = (): Promise<void> => takes(scenario.random() * 3)
          const options = { group: 'all', concurrency: 4 }
          return { client, ...(await scenario.consume(client, topic, options, body, runs)) }
        }),
      )
      const owned = (): readonly number[] => consumers.flatMap(({ subscription }) => subscription.stats().partitions)
      await scenario.until(
        () => (topic.keyed ? owned().length === 8 && new Set(owned()).size === 8 : true) && everyone(),
        'each of three consumers to have its part',
        { saw: owned },
      )
      const publisher = await scenario.messaging('publisher')
      const plan = topic.keyed ? { count, keys } : { count }
      const sent = await scenario.publishAll(publisher, topic, plan)
      await scenario.until(() => runs.done.size >= count, `${count} messages`, { saw: () => runs.done.size })
      assert.equal(runs.runs.length, count, 'deliveries to the three consumers together')
      assert.ok(
        sent.every(({ id }) => runs.done.has(id)),
        'what was handled is what was sent',
      )
      for (const { client, subscription } of consumers) {
        const own = runs.runs.filter(({ instance }) => instance === scenario.nameOf(client)).length
        assert.atLeast(own, 1, 'messages that each consumer handles')
        const { acked, delivered, retried, givenBack, lost } = subscription.stats()
        assert.equal([acked, retried, givenBack, lost], [own, 0, 0, 0], 'what a consumer says of itself')
        assert.atLeast(delivered, own, 'deliveries that a consumer has counted')
      }

      function everyone(): boolean {
        return consumers.every(({ subscription }) => subscription.stats().partitions.length > 0)
      }
    }
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})
