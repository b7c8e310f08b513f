import type { CloseReport } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'
import { turns } from '../../scenario/turns.js'

/** Its deadline, and a second for each farewell that nobody answers: of the subscription, of what it has stored, and of the connections. */
const promptMs = 5_000

/** D5: close while subscriptions and publishes begin, at every turn of the event loop in which something of it could be half done. */
export const closeDuringStart: Conformance = defineConformance({
  id: 'D5',
  parallel: true,
  minimum: { messages: 40 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const sent = await scenario.publishAll(publisher, topic, { count: 40, keys: 40 })
    const settled = new Set<string>()
    for (let moment = 0; moment < 12; moment++) {
      const client = await scenario.messaging('early')
      const fresh = scenario.keyedTopic()
      const begun = [
        client.subscribe(topic, { group: 'all', retry: false }, ({ id }) => void settled.add(id)),
        client.subscribe(fresh, { group: 'all' }, () => undefined),
      ]
      const stream = client.stream(fresh, { group: 'streamed' })
      const publish = client.publish(fresh, { key: 'k0', n: 0 })
      const outcomes = Promise.allSettled([...begun, stream.subscription, publish])
      await turns(moment)
      const report = await prompt(scenario, client.close(), `a close ${moment} turns after the start`)
      assert.ok(report.clean, `the close after ${moment} turns was clean`)
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected')
          await assert.rejects(
            Promise.reject(outcome.reason as Error),
            ['CLOSED', 'UNROUTABLE'],
            'what the close interrupts',
          )
      }
      await assert.rejects(
        client.subscribe(topic, { group: 'all' }, () => undefined),
        'CLOSED',
        'a subscription after the close',
      )
      await noMembers(scenario, topic.name)
    }
    await expectDepth(scenario, topic.name, 'all', 40 - settled.size)
    const rest = await scenario.consume(publisher, topic, { group: 'all' })
    await scenario.until(
      () => sent.every(({ id }) => settled.has(id) || rest.done.has(id)),
      'what the closed ones have not handled',
    )
    for (const { id } of rest.runs) assert.ok(!settled.has(id), `${id} was handled before, and comes again`)
    await untilDepth(scenario, topic.name, 'all')
  },
})

/** D5: close while the connection is away: it ends at once where nothing is open, by its deadline where something is. */
export const closeDuringReconnect: Conformance = defineConformance({
  id: 'D5',
  part: 'reconnect',
  needs: { faults: ['disconnect', 'silence', 'cut'] },
  minimum: { messages: 120, faults: 4 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const done = new Set<string>()
    const publish = () => scenario.publishAll(publisher, topic, { count: 30, keys: 30 })
    const begin = async (label: string) => {
      const client = await scenario.messaging(label)
      const body = (): Promise<void> => takes(scenario.random() * 10)
      const all = await scenario.consume(client, topic, { group: 'all' }, body, { runs: [], done })
      return { client, all }
    }
    // Cut, and closed in the same tick, a little later, and when it knows.
    for (const moment of [0, 1, 3, 8, 20]) {
      const { client, all } = await begin('cut')
      await publish()
      await scenario.until(() => all.runs.length >= 5, 'a few messages')
      await scenario.faults.cut(client)
      await turns(moment)
      await prompt(scenario, client.close(), 'a close right behind a cut')
      await noMembers(scenario, topic.name)
    }
    const away = await begin('away')
    await publish()
    const connect = await scenario.faults.disconnect(away.client)
    await scenario.until(() => away.client.health().consume !== 'ready', 'the consumer to know that it is away')
    await scenario.until(() => away.all.subscription.stats().running === 0, 'its handlers to end')
    await prompt(scenario, away.client.close(), 'a close while the broker cannot be reached')
    await connect()

    // The broker says nothing, and a handler waits: the deadline ends it.
    const mute = await scenario.messaging('mute')
    const latch = createLatch()
    const stuck = await scenario.consume(mute, topic, { group: 'all' }, () => latch.opened)
    await publish()
    await scenario.until(() => stuck.runs.length > 0, 'a handler to run')
    const speak = await scenario.faults.silence(mute)
    scenario.recorder.fault({ kind: 'drain-expired', instance: scenario.nameOf(mute) })
    const report = await prompt(scenario, mute.close({ deadlineMs: 300 }), 'a close while the broker says nothing')
    assert.ok(!report.clean, 'the close says that it was not clean')
    await speak()
    latch.open()

    const rest = await begin('rest')
    const last = await publish()
    await scenario.until(() => last.every(({ id }) => done.has(id)), 'the last messages')
    await untilDepth(scenario, topic.name, 'all')
    await rest.client.close()
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], allowOverlapAfterLoss: true })
  },
})

/** D5: ten closes at once, of the subscription and of everything, and more when it is over. */
export const closeTenTimes: Conformance = defineConformance({
  id: 'D5',
  part: 'ten',
  parallel: true,
  minimum: { messages: 60, keys: 10 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('client')
    await scenario.publishAll(client, topic, { count: 60, keys: 10 })
    const all = await scenario.consume(client, topic, { group: 'all', concurrency: 5 }, () => takes(3))
    await scenario.until(() => all.done.size > 10, 'a few messages')
    let closed = 0
    void all.subscription.closed.then(() => closed++)
    const reports = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? client.close() : all.subscription.close())),
    )
    for (const { clean, leftRunning } of reports) assert.equal([clean, leftRunning], [true, 0], 'each of the reports')
    assert.equal(await client.close(), reports[0], 'report of one more close')
    assert.equal(await all.subscription.close(), reports[1], 'report of one more close of the subscription')
    assert.equal([all.subscription.state, closed], ['closed', 1], 'state, and times that `closed` has resolved')
    assert.equal(client.health().consume, 'closed', 'health')
    await noMembers(scenario, topic.name)
    await expectDepth(scenario, topic.name, 'all', 60 - all.done.size)
    const rest = await scenario.consume(await scenario.messaging('rest'), topic, { group: 'all' })
    await scenario.until(() => rest.done.size === 60 - all.done.size, 'the rest')
    assert.equal(all.runs.length + rest.runs.length, 60, 'runs')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

async function prompt(scenario: Scenario, closing: ReturnType<Client['close']>, what: string): Promise<CloseReport> {
  const watch = scenario.stopwatch()
  const report = await closing
  assert.atMost(watch.ranMs, promptMs, `ms of ${what}`)
  return report
}

async function noMembers(scenario: Scenario, topic: string): Promise<void> {
  const { inspect } = scenario
  if (inspect.members === undefined) return
  await scenario.until(async () => (await inspect.members?.(topic, 'all')) === 0, 'the group to have no member')
}
