import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { untilDepth } from '../../scenario/settled.js'

const backlog = 400
const waiting = 400

/** P13: the broker takes no publishes and says so. The same client goes on consuming and settling; its publishes wait and then pass, in order. */
export const blockedBroker: Conformance = defineConformance({
  id: 'P13',
  parallel: true,
  needs: { faults: ['block'] },
  minimum: { messages: backlog + waiting, keys: 16, faults: 1 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const client = await scenario.messaging('client')
    await scenario.publishAll(client, topic, { count: backlog, keys: 16 })
    const unblock = await scenario.faults.block()
    const before = new Set(await scenario.inspect.stored?.(topic.name))
    const publishing = scenario.publishAll(client, topic, { count: waiting, keys: 16 })
    const all = await scenario.consume(client, topic, { group: 'all' })
    await scenario.until(() => all.done.size === backlog, 'the backlog to be handled while the broker is blocked', {
      saw: () => [all.done.size, all.subscription.stats()],
    })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(client.health().publish, 'blocked', 'the publish side in health')
    assert.equal(client.health().consume, 'ready', 'the consume side in health')
    assert.equal(client.health().pendingPublishes, waiting, 'publishes that wait')
    const stored = (await scenario.inspect.stored?.(topic.name)) ?? []
    assert.equal(
      stored.filter((id) => !before.has(id)),
      [],
      'messages that the broker has taken while it is blocked',
    )
    await unblock()
    await publishing
    await scenario.until(() => all.done.size === backlog + waiting, 'what had waited to be handled', {
      saw: () => all.done.size,
    })
    assert.equal(client.health().status, 'up', 'health after')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
