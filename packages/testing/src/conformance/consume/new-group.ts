import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Published } from '../../scenario/publishing.js'

const count = 300

/** C17: a group that is new gets what comes after it was made: nothing of before, everything from then on, by subscribe and by provision. */
export const newGroup: Conformance = defineConformance({
  id: 'C17',
  parallel: true,
  minimum: { messages: 4 * count, keys: 16 },
  async run(scenario) {
    const client = await scenario.messaging('publisher')
    for (const topic of [scenario.keyedTopic({ groups: ['old'] }), scenario.plainTopic({ groups: ['old'] })]) {
      const before = await scenario.publishAll(client, topic, { count })
      const consumer = await scenario.messaging('consumer')
      const subscribed = await scenario.consume(consumer, topic, { group: 'subscribed' })
      await consumer.provision([{ topic, groups: ['provisioned'] }])
      const after = await scenario.publishAll(client, topic, { count })
      const provisioned = await scenario.consume(consumer, topic, { group: 'provisioned' })
      const old = await scenario.consume(consumer, topic, { group: 'old' })
      for (const { done, runs } of [subscribed, provisioned]) {
        await scenario.until(() => after.every(({ id }) => done.has(id)), 'what was sent after the group was made')
        assert.equal(runs.length, count, 'deliveries to the new group')
        assert.ok(!before.some(({ id }) => done.has(id)), 'nothing of before reaches the new group')
      }
      await scenario.until(() => old.done.size >= 2 * count, 'everything in the old group', {
        saw: () => old.done.size,
      })
      assert.equal([subscribed.runs.length, provisioned.runs.length], [count, count], 'deliveries to the new groups')
      scenario.check({ groups: [{ topic: topic.name, group: 'old' }] })
    }
  },
})

/** C17: `from: 'earliest'` decides when the group is made, and only then. */
export const replay: Conformance = defineConformance({
  id: 'C17',
  part: 'replay',
  needs: { capability: 'replay' },
  parallel: true,
  minimum: { messages: 2 * count, keys: 16 },
  async run(scenario) {
    const client = await scenario.messaging('publisher')
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['old'] })
    const before = await scenario.publishAll(client, topic, { count })
    const consumer = await scenario.messaging('consumer')
    // Read and settled by one group already: that takes nothing from the next.
    const old = await scenario.consume(consumer, topic, { group: 'old' })
    await scenario.until(() => old.done.size === count, 'the old group')
    const late = await scenario.consume(consumer, topic, { group: 'late' })
    const all = await scenario.consume(consumer, topic, { group: 'all', from: 'earliest' })
    await consumer.provision([{ topic, groups: [{ name: 'provisioned', from: 'earliest' }] }])
    await scenario.until(() => before.every(({ id }) => all.done.has(id)), 'what was sent before', {
      saw: () => all.done.size,
    })
    const after = await scenario.publishAll(client, topic, { count })
    const seen = (done: ReadonlySet<string>, sent: readonly Published[]): boolean =>
      sent.every(({ id }) => done.has(id))
    await scenario.until(() => [all, late, old].every(({ done }) => seen(done, after)), 'what was sent after')
    // Groups that exist go on where they are, whatever is asked for.
    await late.subscription.close()
    await all.subscription.close()
    const again = await scenario.messaging('again')
    const provisioned = await scenario.consume(again, topic, { group: 'provisioned' })
    const lateAgain = await scenario.consume(again, topic, { group: 'late', from: 'earliest' })
    const allAgain = await scenario.consume(again, topic, { group: 'all', from: 'earliest' })
    const last = await scenario.publishAll(client, topic, { count: 16 })
    await scenario.until(
      () => [old, provisioned, lateAgain, allAgain].every(({ done }) => seen(done, last)),
      'what was sent last',
    )
    await scenario.until(() => seen(provisioned.done, [...before, ...after]), 'all in the group that was provisioned')
    assert.equal(
      [old, late, all, provisioned, lateAgain, allAgain].map(({ runs }) => runs.length),
      [2 * count + 16, count, 2 * count, 2 * count + 16, 16, 16],
      'deliveries: old, late, all, provisioned, late again, all again',
    )
    scenario.check({ groups: ['old', 'all', 'provisioned'].map((group) => ({ topic: topic.name, group })) })
  },
  async refused(scenario) {
    const client = await scenario.messaging('consumer')
    const topic = scenario.keyedTopic({ groups: ['old'] })
    await scenario.publishAll(client, topic, { count: 20 })
    const from = 'earliest' as const
    const refusals = [
      client.subscribe(topic, { group: 'all', from }, () => undefined),
      client.subscribe(topic, { group: 'old', from }, () => undefined),
      client.subscribeBatch(topic, { group: 'all', from }, () => undefined),
      client.stream(topic, { group: 'all', from }).subscription,
    ]
    for (const refusal of refusals) {
      const error = await assert.rejects(refusal, 'UNSUPPORTED', 'a start at "earliest"')
      assert.equal(error.field, 'from', 'field that the error names')
      assert.ok(
        error.message.includes('replay') && error.message.includes('kafka'),
        `the error helps: ${error.message}`,
      )
    }
    await assert.rejects(
      client.provision([{ topic, groups: [{ name: 'all', from }] }]),
      'UNSUPPORTED',
      'provisioning a group that starts at "earliest"',
    )
    const found = await client.provision([{ topic, groups: ['all'] }], { mode: 'plan' })
    assert.equal(
      found.items.filter(({ state }) => state === 'missing').length,
      1,
      'the group that was refused was not made on the way',
    )
  },
})
