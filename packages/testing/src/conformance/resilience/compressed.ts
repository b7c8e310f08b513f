import { defineConformance, type Conformance } from '../../define-conformance.js'
import { codecs } from '../../faults.js'
import { assert } from '../../scenario/assert.js'
import { untilDepth } from '../../scenario/settled.js'

const each = 120

/** R17: what other producers have compressed, with each codec there is, beside what was not. */
export const compressedBatches: Conformance = defineConformance({
  id: 'R17',
  parallel: true,
  needs: { faults: ['compress'] },
  minimum: { messages: codecs.length * 2 * each, keys: 16 },
  timeoutMs: 60_000,
  async run(scenario) {
    const publisher = await scenario.messaging('publisher')
    const consumer = await scenario.messaging('consumer')
    for (const codec of codecs) {
      const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
      const plain = await scenario.publishAll(publisher, topic, { count: each, keys: 16 })
      await scenario.faults.compress(topic.name, codec)
      const compressed = await scenario.publishAll(publisher, topic, { count: each, keys: 16, pad: 2_000 })
      const all = await scenario.consume(consumer, topic, { group: 'all' })
      const sent = [...plain, ...compressed]
      await scenario.until(() => all.done.size === sent.length, `what is written with ${codec}`, {
        saw: () => all.done.size,
      })
      assert.equal(all.runs.length, sent.length, `deliveries of ${codec}`)
      await untilDepth(scenario, topic.name, 'all')
      scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    }
  },
})
