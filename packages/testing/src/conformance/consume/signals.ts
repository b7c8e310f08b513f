import { isSluiceError, type ErrorCode } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert, show } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import type { Consumption } from '../../scenario/consuming.js'
import { createLatch, type Latch } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const count = 500
const concurrency = 8

/** What one handler saw of its signal: early through a listener, or late by looking once it had fired. */
interface Sight {
  readonly id: string
  readonly signal: () => AbortSignal
  firedAtStart: boolean
  heard: number
  ended: boolean
}

/** C7: the handlers overrun their time; others of the subscription that ended in time, and others that run beside it, hear nothing. */
export const signalAtTimeout: Conformance = defineConformance({
  id: 'C7',
  parallel: true,
  minimum: { messages: count, keys: 50 },
  async run(scenario) {
    const handlerTimeoutMs = 60
    const { sights, client, consumption, go, topic } = await stuck(scenario, { handlerTimeoutMs })
    const other = scenario.keyedTopic({ groups: ['all'] })
    const heardElsewhere: string[] = []
    const latch = createLatch()
    const calm = await scenario.consume(client, other, { group: 'all' }, async (message, { signal }) => {
      signal.addEventListener('abort', () => heardElsewhere.push(message.id))
      await latch.opened
    })
    await scenario.publishAll(client, other, { count: 4, keys: 4 })
    await allFired(scenario, sights, 'HANDLER_TIMEOUT')
    for (const run of consumption.runs.filter(({ outcome }) => outcome === 'running'))
      assert.atLeast(performance.now() - run.startedMs, handlerTimeoutMs - 1, 'age of a handler whose signal has fired')
    latch.open()
    await scenario.until(() => calm.done.size === 4, 'the calm subscription')
    assert.equal(heardElsewhere, [], 'signals of a subscription without a limit')
    await finish(scenario, go, topic, [consumption], { retried: concurrency })
  },
})

/** C7: the connection is cut under running handlers. What was lost comes again, with a new signal, when they have ended. */
export const signalAtLoss: Conformance = defineConformance({
  id: 'C7',
  part: 'loss',
  needs: { faults: ['cut'] },
  parallel: true,
  minimum: { messages: count, keys: 50, faults: 1 },
  async run(scenario) {
    const { sights, client, consumption, go, topic } = await stuck(scenario)
    const lost: string[] = []
    client.on('lost', ({ id }) => lost.push(id))
    await scenario.faults.loseClaims(client, 'consume')
    await allFired(scenario, sights, 'DELIVERY_LOST')
    await finish(scenario, go, topic, [consumption], { again: concurrency })
    assert.equal(lost.toSorted(), sights.map(({ id }) => id).toSorted(), 'deliveries that were reported as lost')
    assert.atLeast(consumption.subscription.stats().lost, concurrency, 'deliveries that were counted as lost')
  },
})

/** C7: the deadline of a close passes under running handlers. */
export const signalAtDeadline: Conformance = defineConformance({
  id: 'C7',
  part: 'deadline',
  parallel: true,
  minimum: { messages: count, keys: 50 },
  async run(scenario) {
    const { sights, client, consumption, go, topic } = await stuck(scenario)
    const deadlineMs = 80
    const before = performance.now()
    let closed = false
    const closing = client.close({ deadlineMs }).finally(() => (closed = true))
    await allFired(scenario, sights, 'DEADLINE')
    assert.atLeast(performance.now() - before, deadlineMs - 1, 'time from the call of close to the signals in ms')
    scenario.recorder.fault({ kind: 'drain-expired', instance: scenario.nameOf(client) })
    const report = await closing
    assert.ok(closed, 'close has resolved though handlers still run')
    assert.equal([report.clean, report.leftRunning], [false, concurrency], 'report: clean, handlers left')
    go.open()
    await scenario.until(
      () => consumption.runs.every(({ outcome }) => outcome !== 'running'),
      'the handlers that were left to end',
    )
    const successor = await scenario.consume(await scenario.messaging('successor'), topic, { group: 'all' })
    await finish(scenario, go, topic, [consumption, successor], { again: concurrency })
  },
})

/** C7: a planned hand-over waits for running handlers, so nothing fires. */
export const noSignalAtHandOver: Conformance = defineConformance({
  id: 'C7',
  part: 'hand-over',
  parallel: true,
  minimum: { messages: count, keys: 50 },
  async run(scenario) {
    const { sights, consumption, go, topic } = await stuck(scenario)
    const waiting = (): number => consumption.subscription.stats().waiting
    const before = waiting()
    const joiner = await scenario.consume(await scenario.messaging('joiner'), topic, { group: 'all' })
    await scenario.until(() => waiting() < before, 'the hand-over to begin: what waits is let go of', { saw: waiting })
    assert.equal(
      sights.map((sight) => [sight.signal().aborted, sight.heard]),
      sights.map(() => [false, 0]),
      'signals of handlers that a hand-over waits for',
    )
    await finish(scenario, go, topic, [consumption, joiner], {})
    assert.ok(
      sights.every((sight) => !sight.signal().aborted),
      'no signal fires after the end of its handler',
    )
  },
})

interface Stuck {
  readonly topic: ItemTopic<true>
  readonly client: Client
  readonly consumption: Consumption<Item>
  /** Of the handlers that stand still. */
  readonly sights: readonly Sight[]
  readonly go: Latch
}

/** A subscription with a part of its messages handled and every slot taken by a handler that waits for `go` and ignores its signal. */
async function stuck(scenario: Scenario, more: { readonly handlerTimeoutMs?: number } = {}): Promise<Stuck> {
  const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
  const client = await scenario.messaging('holder')
  const publisher = await scenario.messaging('publisher')
  await scenario.publishAll(publisher, topic, { count, keys: 50 })
  const go = createLatch()
  scenario.after(() => go.open())
  const sights: Sight[] = []
  const quick: AbortSignal[] = []
  let begun = 0
  const options = { group: 'all', concurrency, ...more }
  const consumption = await scenario.consume(client, topic, options, async (message, delivery) => {
    if (begun++ < 100 || go.isOpen) {
      if (quick.length < 100) quick.push(delivery.signal)
      return
    }
    const sight: Sight = { id: message.id, signal: () => delivery.signal, firedAtStart: false, heard: 0, ended: false }
    // Every second one looks at its signal only when it has fired long ago.
    if (sights.length % 2 === 0) {
      sight.firedAtStart = delivery.signal.aborted
      delivery.signal.addEventListener('abort', () => sight.heard++)
    }
    sights.push(sight)
    await go.opened
    sight.ended = true
  })
  await scenario.until(
    () => consumption.done.size === 100 && sights.length === concurrency,
    'handlers to stand still',
    {
      saw: () => [consumption.done.size, sights.length],
    },
  )
  // What has ended is not to come again for a reason of its own.
  await untilDepth(scenario, topic.name, 'all', count - 100)
  assert.ok(
    sights.every(({ firedAtStart }) => !firedAtStart),
    'no signal has fired when its handler starts',
  )
  scenario.after(() => {
    assert.ok(
      quick.every((signal) => !signal.aborted),
      'no signal fires of a handler that had ended in good time',
    )
  })
  return { topic, client, consumption, sights, go }
}

async function allFired(scenario: Scenario, sights: readonly Sight[], code: ErrorCode): Promise<void> {
  const early = sights.filter((_, index) => index % 2 === 0)
  await scenario.until(() => early.every(({ heard }) => heard > 0), 'the signals of all running handlers', {
    saw: () => early.map(({ heard }) => heard),
  })
  for (const sight of sights) {
    assert.ok(!sight.ended, 'the handler still runs')
    assert.ok(sight.signal().aborted, `the signal of ${sight.id} has fired`)
    const reason: unknown = sight.signal().reason
    assert.ok(isSluiceError(reason) && reason.code === code, `${code} is the reason: ${show(reason)}`)
    assert.equal(sight.signal(), sight.signal(), 'a delivery has one signal')
  }
}

/** Everything is handled in the end, and no more runs than there have to be. */
async function finish(
  scenario: Scenario,
  go: Latch,
  topic: ItemTopic<true>,
  consumptions: readonly Consumption<Item>[],
  { retried = 0, again = 0 }: { readonly retried?: number; readonly again?: number },
): Promise<void> {
  go.open()
  const runs = (): number => consumptions.reduce((sum, consumption) => sum + consumption.runs.length, 0)
  const done = new Set<string>()
  await scenario.until(
    () => {
      for (const consumption of consumptions) for (const id of consumption.done) done.add(id)
      return done.size >= count && runs() >= count + retried + again
    },
    'everything to be handled, what was interrupted twice',
    { saw: () => [done.size, runs()] },
  )
  await untilDepth(scenario, topic.name, 'all')
  assert.equal(runs(), count + retried + again, 'runs')
  const all = consumptions.flatMap((consumption) => consumption.runs)
  assert.equal(all.filter(({ attempt }) => attempt === 2).length, retried, 'second attempts')
  assert.ok(
    all.every(({ attempt }) => attempt <= 2),
    'no third attempt',
  )
  // A handler that ran over its time sees itself as done; its second attempt is no duplicate.
  if (retried === 0) scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
}
