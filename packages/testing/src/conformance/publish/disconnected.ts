import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

/** P12 */
export const disconnected: Conformance = defineConformance({
  id: 'P12',
  needs: { faults: ['disconnect'] },
  minimum: { messages: 700, keys: 16, faults: 1 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('publisher', { publishTimeoutMs: 400 })
    const patience = scenario.harness.timings.patienceMs
    // The first one makes the topic, which may take longer than the deadline that is asked for below.
    await scenario.publishAll(client, topic, { count: 100, options: () => ({ timeoutMs: patience }) })
    const connect = await scenario.faults.disconnect(client, 'publish')
    await scenario.until(() => client.health().publish !== 'ready', 'the publisher to know that it is disconnected')

    for (const [what, timeoutMs] of [
      ['the deadline of the messaging object', undefined],
      ['its own deadline', 150],
    ] as const) {
      const due = timeoutMs ?? 400
      const watch = scenario.stopwatch()
      const gone = await scenario.publishOne(
        client,
        topic,
        scenario.item(topic),
        timeoutMs === undefined ? {} : { timeoutMs },
      )
      const { ms, ranMs } = watch
      assert.equal(gone.error?.code, 'TIMEOUT', `a publish while disconnected, past ${what}`)
      assert.ok(gone.error?.retryable, 'it is worth another try')
      assert.atLeast(ms, due - 1, `ms until ${what}`)
      assert.atMost(ranMs, due + 1_000, `ms until ${what}`)
    }
    const batch = await client.publishBatch(
      topic,
      [{ payload: scenario.item(topic) }, { payload: scenario.item(topic) }],
      {
        timeoutMs: 100,
        settled: true,
      },
    )
    for (const member of batch) {
      assert.equal(
        member.status === 'failed' && member.error.code,
        'TIMEOUT',
        'each member of a batch past its deadline',
      )
    }

    const patient = scenario.publishAll(client, topic, { count: 600, options: () => ({ timeoutMs: patience }) })
    const late = scenario.publishAll(client, topic, { count: 50, mayFail: true, options: () => ({ timeoutMs: 100 }) })
    for (const { result, error } of await late) {
      assert.equal([result, error?.code], ['refused', 'TIMEOUT'], 'an impatient publish behind patient ones')
    }
    assert.atLeast(client.health().pendingPublishes, 600, 'publishes that wait')
    await connect()
    await patient

    const all = await scenario.consume(await scenario.messaging('reader'), topic, { group: 'all', concurrency: 50 })
    await scenario.until(() => all.done.size >= 700, 'what was published before and after', {
      saw: () => all.done.size,
    })
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
