import { closeOnSignals } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { startPacedLoad } from '../../scenario/paced-load.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const deadlineMs = 5_000

/** Listeners for a signal that were added meanwhile: what a signal would call, without the process hearing one. */
function addedListeners(
  signal: NodeJS.Signals,
  before: readonly unknown[],
): readonly ((signal: NodeJS.Signals) => void)[] {
  return process.listeners(signal).filter((listener) => !before.includes(listener))
}

/** D8: a process that consumes and publishes is told to end under load, three times over: no message is lost or handled twice. */
export const toldToEnd: Conformance = defineConformance({
  id: 'D8',
  minimum: { messages: 500, keys: 40, faults: 3 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const load = await startPacedLoad(scenario, publisher, topic, { keys: 40 })
    const into = emptyRuns<Item>()
    for (let turn = 0; turn < 3; turn++) {
      const signal = turn % 2 === 0 ? 'SIGTERM' : 'SIGINT'
      const client = await scenario.messaging('process')
      const before = { SIGTERM: process.listeners('SIGTERM'), SIGINT: process.listeners('SIGINT') }
      closeOnSignals(client, { deadlineMs })
      const options = { group: 'all', concurrency: 20 } as const
      await scenario.consume(client, topic, options, () => takes(scenario.random() * 4), into)
      // Its own publishes go on until it refuses them: each has a result, and what was confirmed is there.
      const own = await startPacedLoad(scenario, client, topic, { inFlight: 5, keys: 40 })
      const name = scenario.nameOf(client)
      await scenario.until(
        () => into.runs.filter(({ instance }) => instance === name).length > 100,
        'the process to be at work',
      )
      await scenario.faults.underLoad('the signal', async () => {
        const listeners = addedListeners(signal, before[signal])
        assert.equal(listeners.length, 1, `listeners for ${signal}`)
        const watch = scenario.stopwatch()
        for (const listener of listeners) listener(signal)
        await scenario.until(() => client.health().consume === 'closed', 'the process to have closed', {
          timeoutMs: deadlineMs + 1_000,
        })
        assert.atMost(watch.ranMs, deadlineMs, 'ms from the signal to the end')
        scenario.recorder.fault({ kind: 'closed', instance: name })
        const results = await own.stop()
        for (const { error, result, id } of results)
          assert.ok(result === 'ok' || error?.code === 'CLOSED', `publish ${id} ended as ${error?.code ?? result}`)
        await scenario.until(
          () => (['SIGTERM', 'SIGINT'] as const).every((one) => addedListeners(one, before[one]).length === 0),
          'the listeners to be gone, so that the process can end',
        )
        // The next process takes over, and the load goes on.
        await scenario.consume(await scenario.messaging('next'), topic, options, () => takes(1), into)
      })
    }
    await load.stop()
    await untilDepth(scenario, topic.name, 'all')
    const last = await scenario.publishAll(publisher, topic, { count: 40, keys: 40 })
    await scenario.until(() => last.every(({ id }) => into.done.has(id)), 'the last messages')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    await raisedAgain(scenario)
  },
})

/** A handler that does not end: after the deadline the signal is raised again, and the process ends with it. */
async function raisedAgain(scenario: Scenario): Promise<void> {
  const topic = scenario.keyedTopic({ groups: ['all'] })
  const client = await scenario.messaging('stuck')
  const before = process.listeners('SIGTERM')
  closeOnSignals(client, { deadlineMs: 100 })
  const latch = createLatch()
  scenario.after(() => latch.open())
  const all = await scenario.consume(client, topic, { group: 'all' }, () => latch.opened)
  await scenario.publishAll(client, topic, { count: 1 })
  await scenario.until(() => all.runs.length === 1, 'the handler to run')
  const raised: unknown[] = []
  const { kill } = process
  process.kill = (pid, signal) => {
    raised.push([pid, signal])
    return true
  }
  scenario.after(() => void (process.kill = kill))
  scenario.recorder.fault({ kind: 'drain-expired', instance: scenario.nameOf(client) })
  for (const listener of addedListeners('SIGTERM', before)) listener('SIGTERM')
  await scenario.until(() => raised.length > 0, 'the signal to be raised again', { timeoutMs: 3_000 })
  process.kill = kill
  assert.equal(raised, [[process.pid, 'SIGTERM']], 'signals that were raised')
  assert.equal(addedListeners('SIGTERM', before).length, 0, 'listeners for the signal')
  latch.open()
  const next = await scenario.consume(await scenario.messaging('next'), topic, { group: 'all' })
  await scenario.until(() => next.done.size === 1, 'the message that was left')
}
