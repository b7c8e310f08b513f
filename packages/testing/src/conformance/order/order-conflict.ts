import type { RetryPolicy } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'

const others = 500

/**
 * O4: a policy that moves messages behind later ones of their key is refused at once, in every form of subscription, before anything is
 * created. One that leaves the choice keeps the order, however long it waits.
 */
export const orderConflict: Conformance = defineConformance({
  id: 'O4',
  parallel: true,
  minimum: { messages: others + 3, keys: 17 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const client = await scenario.messaging('both')
    await client.provision([topic])
    const retry = fixedRetry(1, { placement: 'delayed' })
    const never = (): never => assert.fail('a refused subscription runs nothing')
    const refusals = [
      client.subscribe(topic, { group: 'new', retry }, never),
      client.subscribe(topic, { group: 'new', retry, order: 'key' }, never),
      client.subscribeBatch(topic, { group: 'new', retry }, never),
      client.stream(topic, { group: 'new', retry }).subscription,
    ]
    for (const refusal of refusals) {
      const error = await assert.rejects(refusal, 'ORDER_CONFLICT', 'an ordered subscription with a delaying policy')
      assert.equal([error.field, error.topic], ['retry', topic.name], 'field and topic that the error names')
      assert.ok(error.message.includes(retry.name), 'the error names the policy')
    }
    const plan = await client.provision([{ topic, groups: ['new'] }], { mode: 'plan' })
    assert.equal(plan.items.filter(({ state }) => state === 'missing').length, 1, 'groups that were not created')
    assert.equal(client.health().subscriptions, [], 'subscriptions')

    // The same policy may serve who asks for no order, where the adapter has durable delays.
    const unordered = client.subscribe(topic, { group: 'new', retry, order: 'none' }, () => undefined)
    if (client.capabilities.durableDelay) await (await unordered).close()
    else await assert.rejects(unordered, 'UNSUPPORTED', 'a delaying policy without durable delays')

    const hour = 3_600_000
    const patient: RetryPolicy = { ...fixedRetry(hour), placement: 'auto' }
    const all = await scenario.consume(client, topic, { group: 'all', retry: patient }, ({ payload }) => {
      if (payload.key === 'late' && payload.n === 0) throw new Error('much later')
    })
    for (let n = 0; n < 3; n++) await scenario.publishOne(client, topic, scenario.item(topic, 'late'))
    await scenario.until(() => all.subscription.stats().held === 1, 'the message to wait for its retry')
    await scenario.publishAll(client, topic, { count: others })
    await scenario.until(() => all.done.size === others, 'the other keys', { saw: () => all.done.size })
    const late = (): readonly number[] =>
      all.runs.filter(({ message }) => message.payload.key === 'late').map(({ message }) => message.payload.n)
    assert.equal([late(), all.subscription.stats().held], [[0], 1], 'runs of the key that waits, messages held')
    const report = await client.close()
    assert.equal([report.clean, report.leftWaiting], [true, 3], 'report: clean, messages that were left')
    const next = await scenario.consume(await scenario.messaging('next'), topic, { group: 'all' })
    await scenario.until(() => next.done.size === 3, 'the key that waited, elsewhere', {
      saw: () => [next.done.size, next.subscription.stats()],
    })
    assert.equal(
      next.runs.map(({ message }) => message.payload.n),
      [0, 1, 2],
      'order of the key that waited',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
