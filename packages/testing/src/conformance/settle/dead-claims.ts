import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { openRawConsumer } from '../../scenario/raw-consumer.js'
import { expectDepth } from '../../scenario/settled.js'

const count = 40

/**
 * S16: an adapter is told that deliveries of a claim are done which it has lost, and which have come again under a new one. It must not take
 * that for the new deliveries, whatever numbers both have. Core keeps this from most adapters, so it is asked for past core.
 */
export const doneOnDeadClaim: Conformance = defineConformance({
  id: 'S16',
  part: 'dead claim',
  needs: { faults: ['cut'], inspect: ['depth'] },
  minimum: { messages: count, keys: 8, faults: 1 },
  async run(scenario) {
    const group = 'all'
    const topic = scenario.keyedTopic({ partitions: 1, groups: [group] })
    const publisher = await scenario.messaging('publisher')
    const sent = await scenario.publishAll(publisher, topic, { count, keys: 8 })
    const name = `${scenario.nameOf(publisher)}-raw`
    const raw = await openRawConsumer(scenario.harness, name, { topic: topic.name, group })
    scenario.after(() => raw.close())
    await scenario.until(() => raw.deliveries.length === count, 'every delivery', { saw: () => raw.deliveries.length })
    const { faults } = scenario.harness
    await (faults.expel === undefined ? faults.cut?.(name, 'consume') : faults.expel(name))
    scenario.count({ faults: 1 })
    await scenario.until(() => raw.deliveries.length === 2 * count, 'every delivery once more', {
      saw: () => raw.deliveries.length,
    })
    assert.equal([raw.claims.length, raw.lost.length], [2, 1], 'claims that were given, and lost')
    assert.ok(raw.lost[0] === raw.claims[0], 'the first claim is the one that was lost')

    for (const { inbound } of raw.deliveries.slice(0, count)) raw.consumer.done(inbound)
    await raw.consumer.stored(scenario.signal)
    await expectDepth(scenario, topic.name, group, count)
    for (const { inbound } of raw.deliveries.slice(count)) raw.consumer.done(inbound)
    await raw.consumer.stored(scenario.signal)
    assert.equal(raw.claims.length, 2, 'claims: the broker has objected to nothing')
    assert.equal(new Set(raw.deliveries.map(({ inbound }) => inbound.id)).size, sent.length, 'messages')
    await expectDepth(scenario, topic.name, group, 0)
  },
})
