import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

/** P17 */
export const withoutGroups: Conformance = defineConformance({
  id: 'P17',
  parallel: true,
  minimum: { messages: 700 },
  async run(scenario) {
    const client = await scenario.messaging('publisher')
    const alone = scenario.keyedTopic()
    const published = await scenario.publishAll(client, alone, { count: 100, mayFail: true })
    const batch = await client.publishBatch(alone, [{ payload: scenario.item(alone) }], { settled: true })
    if (client.capabilities.routing === 'bound') {
      for (const { result, error } of published) {
        assert.equal([result, error?.code], ['refused', 'UNROUTABLE'], 'a publish to a topic without groups')
        assert.ok(error?.message.includes(alone.name), 'the error names the topic')
      }
      assert.equal(batch[0]?.status === 'failed' && batch[0].error.code, 'UNROUTABLE', 'a member of a batch to it')
    } else {
      for (const { result, error } of published)
        assert.equal([result, error?.code], ['ok', undefined], 'a publish to a topic without groups')
      const reader = await scenario.messaging('reader')
      const from = client.capabilities.replay ? ({ from: 'earliest' } as const) : {}
      const all = await scenario.consume(reader, alone, { group: 'later', ...from })
      if (client.capabilities.replay) {
        await scenario.until(() => all.done.size >= 100, 'what was stored without a group', {
          saw: () => all.done.size,
        })
      }
    }
    // A group made later gets what comes after it, on every adapter.
    await client.provision([{ topic: alone, groups: ['second'] }])
    const after = await scenario.publishAll(client, alone, { count: 100 })
    const second = await scenario.consume(await scenario.messaging('second'), alone, { group: 'second' })
    await scenario.until(() => after.every(({ id }) => second.done.has(id)), 'what was sent after the group was made')
    assert.equal(second.runs.length, 100, 'deliveries to the group that was made later')

    // Named groups exist before the first publish, also when 500 publishes are the first at once, on two messaging objects.
    const named = scenario.keyedTopic({ groups: ['left', 'right'] })
    const other = await scenario.messaging('other')
    await Promise.all([
      scenario.publishAll(client, named, { count: 250 }),
      scenario.publishAll(other, named, { count: 250 }),
    ])
    for (const group of ['left', 'right']) {
      const all = await scenario.consume(await scenario.messaging(group), named, { group })
      await scenario.until(() => all.done.size >= 500, `500 messages in ${group}`, { saw: () => all.done.size })
      assert.equal(all.runs.length, 500, `deliveries in ${group}`)
    }
  },
})
