import { PermanentError } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { createLatch } from '../../scenario/handler-work.js'
import { expectDepth } from '../../scenario/settled.js'

const slowMs = 250
const count = 12

/**
 * D10: at the call of close handlers run; when it has begun some of them publish, others fail for good, others ask for a long delay. The
 * broker takes its time with every send. When close resolves, all of that is at the broker.
 */
export const closeConfirms: Conformance = defineConformance({
  id: 'D10',
  needs: { faults: ['slowSends'] },
  minimum: { messages: 2 * 2 * count, keys: count },
  async run(scenario) {
    const topics = [
      ...(await closeWithCopies(scenario, 'everything')),
      ...(await closeWithCopies(scenario, 'subscription')),
    ]
    // Without the one whose messages wait for a minute.
    scenario.check({ groups: topics.map((topic) => ({ topic, group: 'all' })), requireSeenDeadLetters: true })
  },
})

async function closeWithCopies(scenario: Scenario, what: 'everything' | 'subscription'): Promise<readonly string[]> {
  const keyed = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
  const plain = scenario.plainTopic({ groups: ['all'] })
  const target = scenario.plainTopic({ groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  await scenario.publishAll(publisher, keyed, { count, keys: count })
  await scenario.publishAll(publisher, plain, { count })
  const client = await scenario.messaging('closing')
  const latch = createLatch()
  const allPublished = createLatch()
  const published: string[] = []
  const failed = new Map<string, string>()
  const delayed: string[] = []
  const body = async (topic: string, id: string, turn: number): Promise<void> => {
    await latch.opened
    if (turn % 3 === 0) {
      const { result, error, id: own } = await scenario.publishOne(client, target, scenario.item(target))
      assert.ok(result === 'ok', `a handler publishes while the close waits for it: ${error?.message ?? ''}`)
      published.push(own)
      if (published.length === 8) allPublished.open()
      return
    }
    // Last of all, so that nothing but its copy is left for the close to wait for.
    await allPublished.opened
    if (turn % 3 === 1) {
      failed.set(id, topic)
      throw new PermanentError('no')
    }
    delayed.push(id)
    throw new Error('much later')
  }
  const options = { group: 'all', concurrency: count, breaker: false } as const
  const first = await scenario.consume(client, keyed, { ...options, retry: false }, ({ id, payload }) =>
    body(keyed.name, id, Math.min(1, Number(payload.key?.slice(1)) % 3)),
  )
  const second = await scenario.consume(
    client,
    plain,
    { ...options, retry: fixedRetry(60_000, { placement: 'delayed' }) },
    ({ id, payload }) => body(plain.name, id, payload.n),
  )
  await scenario.until(() => first.runs.length + second.runs.length === 2 * count, 'all handlers to run')
  const stop = await scenario.faults.slowSends(slowMs)
  const closings = what === 'everything' ? [client.close()] : [first.subscription.close(), second.subscription.close()]
  const began = performance.now()
  latch.open()
  const reports = await Promise.all(closings)
  const took = performance.now() - began
  // Looked at before anything else may happen: nothing of it may be on its way any more.
  const stored = (await scenario.inspect.stored?.(target.name)) ?? []
  const dead = [
    ...((await scenario.inspect.deadLetters?.(keyed.name, 'all')) ?? []),
    ...((await scenario.inspect.deadLetters?.(plain.name, 'all')) ?? []),
  ]
  for (const report of reports) {
    const { clean, leftRunning, leftPublishes } = report
    assert.equal([clean, leftRunning, leftPublishes], [true, 0, 0], 'report of the close: clean, running, publishes')
  }
  assert.atLeast(took, slowMs - 1, 'ms of a close that waits for the broker')
  assert.equal(published.length, 8, 'publishes of handlers')
  assert.equal(failed.size, 12, 'messages that failed for good')
  assert.equal(delayed.length, 4, 'messages with a durable delay')
  if (scenario.inspect.stored !== undefined)
    assert.equal([...stored].sort(), [...published].sort(), 'messages of the handlers at the broker')
  if (scenario.inspect.deadLetters !== undefined)
    assert.equal([...dead].sort(), [...failed.keys()].sort(), 'dead letters at the broker')
  await expectDepth(scenario, keyed.name, 'all', 0)
  await expectDepth(scenario, plain.name, 'all', delayed.length)
  await stop()
  for (const topic of [keyed, plain]) {
    const letters = await recordDeadLetters(scenario, publisher, topic, 'all')
    const due = [...failed].filter(([, name]) => name === topic.name).map(([id]) => id)
    assert.equal(letters.map(({ id }) => id).sort(), due.sort(), 'dead letters, each once')
  }
  const reader = await scenario.consume(publisher, target, { group: 'all' })
  await scenario.until(() => reader.done.size === published.length, 'what the handlers have published')
  assert.equal(first.runs.length + second.runs.length, 2 * count, 'runs')
  return [keyed.name, target.name]
}
