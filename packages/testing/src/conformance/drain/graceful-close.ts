import type { CloseReport } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { expectDepth, runsById } from '../../scenario/settled.js'

const count = 600
/** Three closes: what was handed over more often is suspected of ending processes, and runs alone. */
const rounds = 4

/**
 * D1: consumers that follow each other, each closed with handlers running. What was started is settled when close resolves, what was not
 * is where it was: every message runs once, and the next consumer begins where the last one ended.
 */
export const gracefulClose: Conformance = defineConformance({
  id: 'D1',
  parallel: true,
  minimum: { messages: 2 * count, keys: 40 },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 3, groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
    for (const topic of topics) await oneAfterAnother(scenario, topic)
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

async function oneAfterAnother(scenario: Scenario, topic: ItemTopic<boolean>): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const sent = await scenario.publishAll(publisher, topic, topic.keyed ? { count, keys: 40 } : { count })
  const into = emptyRuns<Item>()
  for (let round = 0; round < rounds; round++) {
    const client = await scenario.messaging('consumer')
    const before = into.runs.length
    const last = round === rounds - 1
    const all = await scenario.consume(
      client,
      topic,
      { group: 'all', concurrency: 25, retry: false },
      () => takes(last ? 0 : scenario.random() * 30),
      into,
    )
    const enough = last ? count : before + 30 + Math.floor(scenario.random() * 50)
    await scenario.until(
      () => into.done.size >= enough && (last || all.subscription.stats().running > 5),
      `${enough} messages with handlers running`,
      { saw: () => [into.done.size, all.subscription.stats()] },
    )
    const started = into.runs.length
    const { running, waiting } = all.subscription.stats()
    // The subscription alone, or everything; the same is promised of both.
    const closing: Promise<CloseReport> = round % 2 === 0 ? client.close() : all.subscription.close()
    const report = await closing
    scenario.recorder.fault({ kind: 'closed', instance: scenario.nameOf(client) })
    assert.equal([report.clean, report.leftRunning], [true, 0], 'report of the close: clean, left running')
    assert.atLeast(report.leftWaiting, waiting, 'report of the close: left waiting')
    assert.equal(into.runs.length, started, 'runs: none is started after the call of close')
    if (!last) assert.atLeast(running, 1, 'handlers that ran at the call of close')
    assert.equal(
      into.runs.filter(({ outcome }) => outcome !== 'ok').map(({ id, outcome }) => [id, outcome]),
      [],
      'handlers that had not ended well when close resolved',
    )
    await expectDepth(scenario, topic.name, 'all', count - into.runs.length)
    if (round % 2 === 1) await client.close()
  }
  assert.equal(into.runs.length, count, 'runs over all consumers: each message once')
  assert.equal(runsById(into.runs).size, count, 'messages that ran')
  for (const { id, attempt } of into.runs) assert.equal(attempt, 1, `attempt of ${id}`)
  if (topic.keyed) {
    const next = new Map<string | null, number>()
    for (const { message } of into.runs) {
      const { key, n } = message.payload
      assert.equal(n, next.get(key) ?? 0, `number of the next message of key ${key}`)
      next.set(key, n + 1)
    }
  }
  for (const { id } of sent) assert.ok(into.done.has(id), `${id} was handled`)
  assert.equal((await listDeadLetters(publisher, topic, 'all')).length, 0, 'dead letters')
}
