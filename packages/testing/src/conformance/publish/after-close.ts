import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

export const afterClose: Conformance = defineConformance({
  id: 'P8',
  parallel: true,
  minimum: { messages: 20 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('publisher')
    await scenario.publishAll(client, topic, { count: 20 })
    const [first, second] = await Promise.all([client.close(), client.close()])
    assert.ok(first.clean && second.clean, 'both of two closes at once say that nothing was left')
    const late = scenario.item(topic)
    for (const what of ['publish', 'publishBatch'] as const) {
      const call = what === 'publish' ? client.publish(topic, late) : client.publishBatch(topic, [{ payload: late }])
      const error = await assert.rejects(
        call,
        what === 'publish' ? 'CLOSED' : ['CLOSED', 'BATCH_FAILED'],
        `${what} after close`,
      )
      assert.ok(!error.retryable || error.code === 'BATCH_FAILED', `${what} after close does not ask for another try`)
    }
    const third = await client.close()
    assert.ok(third.clean, 'a close after the close')

    const reader = await scenario.messaging('reader')
    const all = await scenario.consume(reader, topic, { group: 'all' })
    await scenario.until(() => all.done.size >= 20, 'the 20 messages from before the close', {
      saw: () => all.done.size,
    })
    await reader.close()
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
