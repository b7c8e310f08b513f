import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { untilDepth } from '../../scenario/settled.js'

/** R21: nothing behind it is handled and no position is stored behind it, until it can be read. */
export const unreadableBatch: Conformance = defineConformance({
  id: 'R21',
  parallel: true,
  needs: { faults: ['corrupt'], inspect: ['position'] },
  minimum: { messages: 201, keys: 16 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const before = await scenario.publishAll(publisher, topic, { count: 100, keys: 16 })
    const bad = await scenario.publishOne(publisher, topic, scenario.item(topic, 'k0'))
    const after = await scenario.publishAll(publisher, topic, { count: 100, keys: 16 })
    const { partition = 0, position = '' } = bad.receipt ?? {}
    const heal = await scenario.faults.corrupt(bad.id)
    const client = await scenario.messaging('reader')
    const failed: string[] = []
    client.on('failed', ({ group, error }) => failed.push(`${group} ${error.code}`))
    const all = await scenario.consume(client, topic, { group: 'all' })
    const error = await assert.rejects(all.subscription.closed, 'UNREADABLE', 'a batch that cannot be read')
    assert.ok(error.message.includes(topic.name), `it names the topic: ${error.message}`)
    for (const part of [partition, position])
      assert.ok(
        new RegExp(`(?<![\\w-])${part}(?![\\w-])`).test(error.message),
        `it says where, ${part}: ${error.message}`,
      )
    await scenario.until(() => failed.length > 0, 'the event')
    assert.equal(failed, ['all UNREADABLE'], 'events')
    assert.equal([all.subscription.state, client.health().status], ['failed', 'down'], 'state, health')
    await all.subscription.close()
    const behind = [bad, ...after].filter(({ receipt }) => receipt?.partition === partition)
    assert.equal(behind.filter(({ id }) => all.done.has(id)).length, 0, 'messages behind it that were handled')
    const stored = (await scenario.inspect.position?.(topic.name, 'all', partition)) ?? 0
    assert.atMost(stored, Number(position), 'position of the group in that partition')
    await heal()
    const second = await scenario.messaging('second')
    const rest = await scenario.consume(second, topic, { group: 'all' })
    const sent = [...before, bad, ...after]
    const done = (): number => new Set([...all.done, ...rest.done]).size
    await scenario.until(() => done() === sent.length, 'everything, once it can be read', { saw: done })
    await untilDepth(scenario, topic.name, 'all')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
