import type { RetryPolicy } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import { createLatch } from '../../scenario/handler-work.js'
import type { ItemTopic } from '../../scenario/item.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'

const before = 60
const during = 20
const soonMs = 2_000
const farMs = 600_000

/** Far retries, and no second attempt for an error that says so. */
const policy: RetryPolicy = {
  name: 'far',
  placement: 'in-place',
  decide: ({ error }) =>
    error instanceof Error && error.message === 'last' ? { kind: 'exhausted' } : { kind: 'retry', delayMs: farMs },
}

/**
 * D2: at the close one handler runs; messages wait for their key and for a slot, for a retry in ten minutes, for the end of a give-back in
 * ten minutes, and for an operator; others arrive meanwhile. The close waits for the handler and for nothing else.
 */
export const leftForOthers: Conformance = defineConformance({
  id: 'D2',
  minimum: { messages: 4 * (before + during), keys: 12 },
  async run(scenario) {
    const topics = [
      { topic: scenario.keyedTopic({ partitions: 2, groups: ['all'] }), runs: true },
      { topic: scenario.plainTopic({ groups: ['all'] }), runs: true },
      { topic: scenario.keyedTopic({ partitions: 2, groups: ['all'] }), runs: false },
      { topic: scenario.plainTopic({ groups: ['all'] }), runs: false },
    ]
    for (const { topic, runs } of topics) await closeWithWork(scenario, topic, runs)
    scenario.check({ groups: topics.map(({ topic }) => ({ topic: topic.name, group: 'all' })) })
  },
})

async function closeWithWork(scenario: Scenario, topic: ItemTopic<boolean>, withRunning: boolean): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const plan = (count: number) => (topic.keyed ? { count, keys: 12 } : { count })
  const sent = await scenario.publishAll(publisher, topic, plan(before))
  const [retried = '', given = '', held = '', running = ''] = sent.map(({ id }) => id)
  const client = await scenario.messaging('leaving')
  const latch = createLatch()
  const options = {
    group: 'all',
    concurrency: 2,
    retry: policy,
    onExhausted: 'hold',
    breaker: false,
    window: { messages: 1_000 },
  } as const
  const ready = createLatch()
  const wanted = new Set([retried, given, held, running])
  const first = await scenario.consume(client, topic, options, async ({ id }, delivery) => {
    await ready.opened
    if (wanted.delete(id) && wanted.size === 0) {
      // Paused, so that the rest waits where it is; what runs goes on.
      first.subscription.pause()
    }
    if (id === retried) throw new Error('later')
    if (id === given) await delivery.giveBack({ delayMs: farMs })
    else if (id === held) throw new Error('last')
    else if (id === running && withRunning) await latch.opened
  })
  const settling = withRunning ? 1 : 0
  await scenario.until(() => first.subscription.stats().delivered === before, `${before} deliveries`)
  ready.open()
  await scenario.until(
    () => {
      const { held: waitsForTime, running: runs, waiting, delivered } = first.subscription.stats()
      return (
        [retried, given, held, running].every((id) => first.runs.some((run) => run.id === id)) &&
        delivered === before &&
        waitsForTime === 3 &&
        runs === settling &&
        waiting > 0
      )
    },
    'a consumer with messages in every state',
    { saw: () => [first.subscription.stats(), first.runs.length] },
  )
  const finished = first.done.size
  const { waiting } = first.subscription.stats()
  assert.equal(waiting, before - finished - 3 - settling, 'messages that wait')
  assert.equal(first.subscription.held().length, 1, 'messages that wait for an operator')
  const sinceCall = scenario.stopwatch()
  const closing = client.close()
  const more = await scenario.publishAll(publisher, topic, plan(during))
  const others = [...sent, ...more].filter(({ id }) => !first.done.has(id) && id !== running).map(({ id }) => id)

  if (withRunning) {
    let closed = false
    void closing.then(() => (closed = true))
    if (!topic.keyed && scenario.harness.capabilities.giveBack === 'single') {
      // Given back one by one: another consumer has them while the handler still runs here.
      const second = await scenario.consume(await scenario.messaging('early'), topic, { group: 'all' })
      await scenario.until(() => others.every((id) => second.done.has(id)), 'what the closing consumer does not run', {
        saw: () => [second.done.size, others.length],
      })
      for (const { id, attempt } of second.runs) expectAttempt(scenario, attempt, id === retried, id === held)
      assert.equal(second.runs.length, others.length, 'deliveries to the other consumer')
    }
    assert.ok(!closed, 'close waits for the handler that runs')
    latch.open()
  }
  const sinceLast = withRunning ? scenario.stopwatch() : sinceCall
  const report = await closing
  assert.atMost(sinceLast.ranMs, soonMs, 'ms from the end of the last handler to the end of the close')
  assert.equal(
    report,
    { clean: true, leftRunning: 0, leftWaiting: waiting + 3, leftPublishes: 0 },
    'report of the close',
  )
  assert.equal(first.runs.length, finished + 3 + settling, 'runs: none is started by the close')
  if (withRunning) assert.ok(first.done.has(running), 'the handler that ran has ended well')

  if (!withRunning || topic.keyed || scenario.harness.capabilities.giveBack !== 'single') {
    await expectDepth(scenario, topic.name, 'all', others.length)
    const next = await scenario.consume(await scenario.messaging('next'), topic, { group: 'all' })
    await scenario.until(() => others.every((id) => next.done.has(id)), 'what was left', {
      saw: () => [next.done.size, others.length],
    })
    assert.equal(next.runs.map(({ id }) => id).sort(), [...others].sort(), 'deliveries to the next consumer')
    for (const { id, attempt } of next.runs) expectAttempt(scenario, attempt, id === retried, id === held)
  }
  await untilDepth(scenario, topic.name, 'all')
  assert.equal((await listDeadLetters(publisher, topic, 'all')).length, 0, 'dead letters')
}

/** A failure stays counted where it is recorded; nothing else counts, least of all the close. */
function expectAttempt(scenario: Scenario, attempt: number, retried: boolean, held: boolean): void {
  const { attemptRecord } = scenario.harness.capabilities
  if (retried) assert.equal(attempt, attemptRecord ? 2 : 1, 'attempt of a message that waited for its retry')
  else if (held) assert.atMost(attempt, 2, 'attempt of a message that an operator should have released')
  else assert.equal(attempt, 1, 'attempt of a message that had not failed')
}
