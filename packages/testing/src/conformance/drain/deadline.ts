import { isSluiceError } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import { createLatch, untilAborted } from '../../scenario/handler-work.js'
import type { ItemTopic } from '../../scenario/item.js'
import { turns } from '../../scenario/turns.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'

const count = 40
const concurrency = 12
const deadlineMs = 150
const graceMs = 2_000

/**
 * D3: handlers that ignore their signal, that throw when it fires, and that settle after it: close resolves at its deadline and says how
 * many it leaves. They come again elsewhere, uncounted; what the old handlers do later has no effect. One attempt is allowed: a signal that
 * counted as a failure would dead-letter a healthy message.
 */
export const deadlinePassed: Conformance = defineConformance({
  id: 'D3',
  minimum: { messages: 4 * count, keys: count },
  async run(scenario) {
    for (const whole of [true, false]) {
      await closeLate(scenario, scenario.keyedTopic({ partitions: 3, groups: ['all'] }), whole)
      await closeLate(scenario, scenario.plainTopic({ groups: ['all'] }), whole)
    }
    scenario.check({ allowOverlapAfterLoss: true })
  },
})

async function closeLate(scenario: Scenario, topic: ItemTopic<boolean>, whole: boolean): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const sent = await scenario.publishAll(publisher, topic, topic.keyed ? { count, keys: count } : { count })
  const client = await scenario.messaging('late')
  const latch = createLatch()
  const reasons: unknown[] = []
  let lost = 0
  client.on('lost', () => void lost++)
  const options = { group: 'all', concurrency, retry: false, window: { messages: 1_000 } } as const
  let begun = 0
  const first = await scenario.consume(client, topic, options, async (_, delivery) => {
    const { signal } = delivery
    const turn = begun++ % 4
    signal.addEventListener('abort', () => void reasons.push(signal.reason))
    if (turn === 0) await untilAborted(signal)
    await latch.opened
    if (turn === 1) await delivery.ack()
    if (turn === 2) await delivery.deadLetter('too late')
  })
  await scenario.until(
    () => first.subscription.stats().running === concurrency && first.subscription.stats().delivered === count,
    `${concurrency} handlers to run`,
    { saw: () => first.subscription.stats() },
  )
  scenario.recorder.fault({ kind: 'drain-expired', instance: scenario.nameOf(client) })
  const watch = scenario.stopwatch()
  const report = await (whole ? client : first.subscription).close({ deadlineMs })
  const { ms, ranMs } = watch
  assert.equal(
    report,
    { clean: false, leftRunning: concurrency, leftWaiting: count - concurrency, leftPublishes: 0 },
    'report of the close',
  )
  assert.atLeast(ms, deadlineMs - 1, 'ms of the close')
  assert.atMost(ranMs, deadlineMs + graceMs, 'ms of the close')
  assert.equal(reasons.length, concurrency, 'signals that have fired')
  for (const reason of reasons) assert.ok(isSluiceError(reason, 'DEADLINE'), 'the reason of a signal is DEADLINE')
  await untilDepth(scenario, topic.name, 'all', count)

  const hold = createLatch()
  const next = await scenario.consume(
    await scenario.messaging('next'),
    topic,
    { group: 'all', retry: false, concurrency: count },
    () => hold.opened,
  )
  await scenario.until(() => next.runs.length === count, 'everything to run again', { saw: () => next.runs.length })
  latch.open()
  await scenario.until(() => first.runs.every(({ outcome }) => outcome !== 'running'), 'the old handlers to end')
  await turns(3)
  assert.equal(lost, concurrency, 'deliveries that ended after they were lost')
  await expectDepth(scenario, topic.name, 'all', count)
  hold.open()
  await scenario.until(() => next.done.size === count, `${count} messages`)
  assert.equal(next.runs.map(({ id }) => id).sort(), sent.map(({ id }) => id).sort(), 'deliveries to the next consumer')
  for (const { id, attempt } of next.runs) assert.equal(attempt, 1, `attempt of ${id}, which has not failed`)
  await untilDepth(scenario, topic.name, 'all')
  assert.equal((await listDeadLetters(publisher, topic, 'all')).length, 0, 'dead letters')
  assert.equal(first.runs.length, concurrency, 'runs of the consumer that was closed')
}
