import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { ItemTopic } from '../../scenario/item.js'
import type { Published } from '../../scenario/publishing.js'

const count = 3_000

/** P10: close right behind the calls; more is accepted than any pipeline holds, and a part of it still waits for room in the buffer. */
export const closeFlushes: Conformance = defineConformance({
  id: 'P10',
  parallel: true,
  minimum: { messages: count, keys: 16 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('publisher', { buffer: { messages: 500 } })
    const pending = scenario.publishAll(client, topic, { count, pad: 2_000 })
    const report = await client.close()
    assert.equal(
      [report.clean, report.leftPublishes],
      [true, 0],
      'report of the close: clean, publishes that were left',
    )
    let ended = false
    const sent = await Promise.race([pending.finally(() => (ended = true)), turns(5).then(() => undefined)])
    assert.ok(ended && sent !== undefined, 'every publish has ended when close resolves')
    await expectStored(scenario, topic, sent)
  },
})

/** P10: the connection is away when close is called, and comes back within its deadline. */
export const closeWaitsForTheBroker: Conformance = defineConformance({
  id: 'P10',
  part: 'reconnect',
  needs: { faults: ['disconnect'] },
  parallel: true,
  minimum: { messages: 600, keys: 16, faults: 1 },
  async run(scenario) {
    const { timings } = scenario.harness
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('publisher')
    await scenario.publishAll(client, topic, { count: 100 })
    const connect = await scenario.faults.disconnect(client, 'publish')
    await scenario.until(() => client.health().publish !== 'ready', 'the publisher to know that it is disconnected')
    const pending = scenario.publishAll(client, topic, { count: 500 })
    const closing = client.close({ deadlineMs: timings.patienceMs })
    let closed = false
    void closing.then(() => (closed = true))
    await turns(50)
    assert.ok(!closed, 'close waits while accepted publishes have no answer')
    await connect()
    const report = await closing
    assert.equal(
      [report.clean, report.leftPublishes],
      [true, 0],
      'report of the close: clean, publishes that were left',
    )
    await expectStored(scenario, topic, await pending)
  },
})

/** P10: the connection does not come back: close still ends, says what it has left, and no publish stays without an answer. */
export const closeReportsWhatIsLeft: Conformance = defineConformance({
  id: 'P10',
  part: 'deadline',
  needs: { faults: ['disconnect'] },
  parallel: true,
  minimum: { messages: 300, faults: 1 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('publisher')
    await scenario.publishAll(client, topic, { count: 100 })
    const connect = await scenario.faults.disconnect(client, 'publish')
    await scenario.until(() => client.health().publish !== 'ready', 'the publisher to know that it is disconnected')
    const pending = scenario.publishAll(client, topic, { count: 200, mayFail: true })
    const deadlineMs = 200
    const watch = scenario.stopwatch()
    const report = await client.close({ deadlineMs })
    const { ms, ranMs } = watch
    assert.ok(!report.clean, 'the close says that it was not clean')
    assert.equal(report.leftPublishes, 200, 'publishes that the close has left')
    assert.atLeast(ms, deadlineMs - 1, 'time of the close in ms')
    assert.atMost(ranMs, deadlineMs + 2_000, 'time of the close in ms')
    for (const { id, result, error } of await pending) {
      assert.ok(result !== 'ok', `${id} cannot have been stored`)
      assert.ok(
        error !== undefined && ['CLOSED', 'UNCERTAIN', 'TIMEOUT'].includes(error.code),
        `${id} has a reason: ${error?.code}`,
      )
    }
    await connect()
    const reader = await scenario.messaging('reader')
    const last = await scenario.publishAll(reader, topic, { count: 16 })
    const all = await scenario.consume(reader, topic, { group: 'all' })
    await scenario.until(() => last.every(({ id }) => all.done.has(id)), 'the last message of each key')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

async function expectStored(scenario: Scenario, topic: ItemTopic<true>, sent: readonly Published[]): Promise<void> {
  const all = await scenario.consume(await scenario.messaging('reader'), topic, { group: 'all', concurrency: 50 })
  await scenario.until(
    () => sent.every(({ id }) => all.done.has(id)),
    `the ${sent.length} messages of before the close`,
    {
      saw: () => all.done.size,
    },
  )
  scenario.check({ groups: [{ topic: topic.name, group: 'all' }], resendsPerDoubt: 3 })
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setImmediate(resolve))
}
