import { createMessaging, type ErrorCode } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { keyedItemTopic } from '../../scenario/item.js'

/** R10: what only a person can mend fails at once; it waits neither for the start-up time nor for another try. */
export const deniedAtOnce: Conformance = defineConformance({
  id: 'R10',
  parallel: true,
  needs: { faults: ['deny'] },
  timeoutMs: 60_000,
  async run(scenario) {
    const startupTimeoutMs = 20_000
    const allow = await scenario.faults.deny()
    const watch = scenario.stopwatch()
    const error = await assert.rejects(
      scenario.messaging('denied', { startupTimeoutMs }),
      'DENIED',
      'a connection with wrong credentials',
    )
    assert.atMost(watch.ranMs, startupTimeoutMs / 4, 'ms until it is told')
    assert.equal([error.retryable, /\S+ \S+/.test(error.message)], [false, true], 'worth another try, says what')
    await allow()
    const client = await scenario.messaging('allowed', { startupTimeoutMs })
    assert.equal(client.health().status, 'up', 'health of the next')
  },
})

/** R10: a topology that cannot be, found out before anything is published or consumed. */
export const impossibleTopology: Conformance = defineConformance({
  id: 'R10',
  part: 'topology',
  parallel: true,
  minimum: { messages: 100, keys: 16 },
  async run(scenario) {
    const keyed = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    await scenario.publishAll(publisher, keyed, { count: 100 })
    for (const topology of ['declare', 'verify'] as const) {
      const client = await scenario.messaging('wrong', { topology, startupTimeoutMs: 20_000 })
      const watch = scenario.stopwatch()
      const other = keyedItemTopic(keyed.name, { partitions: 3, groups: ['all'] })
      const wrong = await assert.rejects(
        client.subscribe(other, { group: 'all' }, () => undefined),
        'TOPOLOGY_MISMATCH',
        `another number of partitions (${topology})`,
      )
      assert.ok(wrong.message.includes('3') && wrong.message.includes('4'), `wanted and found: ${wrong.message}`)
      await assert.rejects(client.publish(other, scenario.item(keyed)), 'TOPOLOGY_MISMATCH', 'a publish to it')
      assert.atMost(watch.ranMs, 5_000, 'ms until both are told')
      assert.equal(client.health().status, 'up', 'health of whoever has asked for it')
    }
    const verify = await scenario.messaging('verify', { topology: 'verify' })
    const missing = scenario.keyedTopic({ groups: ['all'] })
    for (const [what, attempt] of [
      ['a subscription', () => verify.subscribe(missing, { group: 'all' }, () => undefined)],
      ['a publish', () => verify.publish(missing, scenario.item(missing))],
    ] as const) {
      const error = await assert.rejects(attempt(), 'UNKNOWN_TOPIC', `${what} where nobody may declare`)
      assert.ok(error.message.includes(missing.name), `the topic is named: ${error.message}`)
    }
    const all = await scenario.consume(publisher, keyed, { group: 'all' })
    await scenario.until(() => all.done.size === 100, 'what was published before', { saw: () => all.done.size })
    scenario.check({ groups: [{ topic: keyed.name, group: 'all' }] })
  },
})

/** R10: a broker that cannot be reached may come yet: the start waits as long as it may, and no longer. */
export const unreachableWaits: Conformance = defineConformance({
  id: 'R10',
  part: 'unreachable',
  parallel: true,
  needs: { faults: ['stopBroker'] },
  minimum: { messages: 100, faults: 1 },
  timeoutMs: 60_000,
  async run(scenario) {
    const start = await scenario.faults.stopBroker()
    const watch = scenario.stopwatch()
    const error = await assert.rejects(connect(scenario, 300), 'CONNECT_TIMEOUT' satisfies ErrorCode, 'no broker')
    assert.atLeast(watch.ms, 299, 'ms that it has tried')
    assert.ok(error.retryable, 'worth another try')
    assert.ok(error.cause !== undefined, 'the error tells why the broker could not be reached')
    let ended = false
    // Longer than any broker takes to start: that is not measured here.
    const startupTimeoutMs = 4 * scenario.harness.timings.patienceMs
    const waiting = scenario.messaging('patient', { startupTimeoutMs }).finally(() => (ended = true))
    waiting.catch(() => undefined)
    // Another start that gives up comes after the first tries of this one.
    await assert.rejects(connect(scenario, 300), 'CONNECT_TIMEOUT', 'no broker')
    assert.ok(!ended, 'a start that may still wait has not ended')
    await start()
    const client = await waiting
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const all = await scenario.consume(client, topic, { group: 'all' })
    await scenario.publishAll(client, topic, { count: 100 })
    await scenario.until(() => all.done.size === 100, 'messages of a late broker')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

async function connect({ harness }: Scenario, startupTimeoutMs: number): Promise<void> {
  const clientName = 'unreachable'
  const client = await createMessaging({ adapter: harness.createAdapter({ clientName }), clientName, startupTimeoutMs })
  await client.close()
}
