import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { expectDepth } from '../../scenario/settled.js'

const count = 500

/** C4: who provisions, who publishes and who consumes are three clients, one after the other; a plan creates nothing. */
export const provisionedGroups: Conformance = defineConformance({
  id: 'C4',
  parallel: true,
  minimum: { messages: 2 * count, keys: 16 },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 4 }), scenario.plainTopic()]
    for (const topic of topics) {
      const operator = await scenario.messaging('operator')
      const wanted = [{ topic, groups: ['ready', { name: 'free', order: 'none' as const }] }]
      const planned = await operator.provision(wanted, { mode: 'plan' })
      assert.ok(
        planned.items.length >= 3 && planned.items.every(({ state }) => state === 'missing'),
        'a plan says that topic and groups are missing',
      )
      const created = await operator.provision(wanted)
      assert.ok(
        created.items.every(({ state }) => state === 'created'),
        'what was planned and not made is created now',
      )
      await operator.close()

      const publisher = await scenario.messaging('publisher')
      const sent = await scenario.publishAll(publisher, topic, { count })
      const again = await publisher.provision(wanted)
      assert.ok(
        again.items.every(({ state }) => state === 'present'),
        'provisioning again finds everything',
      )
      await publisher.close()
      for (const group of ['ready', 'free']) await expectDepth(scenario, topic.name, group, count)

      const consumer = await scenario.messaging('consumer')
      const ready = await scenario.consume(consumer, topic, { group: 'ready' })
      const free = await scenario.consume(consumer, topic, { group: 'free', order: 'none' })
      for (const { done, runs } of [ready, free]) {
        await scenario.until(() => done.size >= count, `${count} messages of before the first consumer`, {
          saw: () => done.size,
        })
        assert.equal(runs.length, count, 'deliveries')
        assert.ok(
          sent.every(({ id }) => done.has(id)),
          'every message that was sent before',
        )
      }
    }
    const groups = topics.flatMap(({ name }) => ['ready', 'free'].map((group) => ({ topic: name, group })))
    scenario.check({ groups, unorderedGroups: ['free'] })
  },
})
