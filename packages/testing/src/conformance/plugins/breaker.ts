import { createSimulatedClock } from '@sluice/core/memory'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'

/**
 * B1: everything fails. After the failures that may come in a row only probes run, one at a time and further and further apart; they
 * cost no message an attempt, however long it takes. Afterwards the subscription is as it was.
 */
export const breakerProbes: Conformance = defineConformance({
  id: 'B1',
  parallel: true,
  minimum: { messages: 300, keys: 60 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const other = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const [failures, probeMs, maxProbeMs] = [20, 20, 80]
    let down = true
    // Only runs that began while it was open: one that began before may still end beside the first probe.
    let probing = 0
    let mostWhileOpen = 0
    const events: { readonly state: string; readonly atMs: number }[] = []
    const isOpen = (): boolean => events.at(-1)?.state === 'open'
    client.on('breaker', ({ state, topic: name, group }) => {
      assert.equal([name, group], [topic.name, 'all'], 'subscription of the event')
      events.push({ state, atMs: performance.now() })
    })
    const counted: number[] = []
    client.on('retry', ({ attempt }) => counted.push(attempt))
    const options = {
      ...{ group: 'all', concurrency: 8, retry: fixedRetry(1, { attempts: 4 }) },
      breaker: { failures, probeMs, maxProbeMs },
    }
    const probes: { readonly startedMs: number; endedMs: number }[] = []
    const all = await scenario.consume(client, topic, options, async () => {
      const probe = { startedMs: performance.now(), endedMs: 0 }
      const open = isOpen()
      if (open) {
        probes.push(probe)
        mostWhileOpen = Math.max(mostWhileOpen, ++probing)
      }
      // Long enough for a second one to start beside it, if one could.
      await new Promise((resolve) => setImmediate(resolve))
      if (open) probing--
      probe.endedMs = performance.now()
      if (down) throw new Error('what is behind the handler is down')
    })
    const calm = await scenario.consume(client, other, { group: 'all' })
    await scenario.publishAll(client, topic, { count: 300, keys: 60 })
    await scenario.until(isOpen, 'the breaker to open')
    assert.equal([all.subscription.state, client.health().status], ['breaker-open', 'down'], 'state, health')
    assert.ok(client.health().problems.length === 1, 'health names the problem')
    const atOpen = probes.length
    await scenario.until(
      () => probes.length >= atOpen + 12 && probing === 0,
      'many more probes than there are attempts',
      {
        saw: () => probes.length,
      },
    )
    await scenario.publishAll(client, other, { count: 100 })
    await scenario.until(() => calm.done.size === 100, 'another subscription to go on')
    assert.equal(counted.length, failures, 'failed attempts that were counted')
    assert.equal(mostWhileOpen, 1, 'handlers at once while it is open')
    const { deadLettered, givenBack, acked } = all.subscription.stats()
    assert.equal([deadLettered, givenBack, acked], [0, 0, 0], 'dead-lettered, given back, acked')
    await expectDepth(scenario, topic.name, 'all', 300)
    for (const [index, probe] of probes.entries()) {
      const waitMs = Math.min(probeMs * 2 ** index, maxProbeMs)
      const since = index === 0 ? (events[0]?.atMs ?? 0) : (probes[index - 1]?.endedMs ?? 0)
      assert.atLeast(probe.startedMs - since, waitMs - 2, `ms before probe ${index + 1}`)
      const takenMs = scenario.takenBetween(since, probe.startedMs)
      assert.atMost(probe.startedMs - since, waitMs + 500 + takenMs, `ms before probe ${index + 1}`)
    }
    down = false
    await scenario.until(() => all.done.size === 300, 'everything afterwards', { saw: () => all.done.size })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(
      events.map(({ state }) => state),
      ['open', 'closed'],
      'events',
    )
    assert.equal([all.subscription.state, client.health().status], ['running', 'up'], 'state, health')
    const final = all.runs.filter(({ outcome }) => outcome === 'ok')
    assert.equal(
      final.reduce((sum, { attempt }) => sum + attempt - 1, 0),
      failures,
      'failed attempts that the last runs know of',
    )
    assert.equal([counted.length, all.subscription.stats().deadLettered], [failures, 0], 'counted, dead-lettered')
    scenario.check({ groups: [topic, other].map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

/** B1: a probe may be the wrong message, and a success in between means that not everything fails. */
export const breakerNeedsARow: Conformance = defineConformance({
  id: 'B1',
  part: 'in a row',
  parallel: true,
  minimum: { messages: 400, keys: 40 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const states: string[] = []
    client.on('breaker', ({ state }) => states.push(state))
    let row = 0
    let longest = 0
    const options = {
      ...{ group: 'all', concurrency: 1, retry: fixedRetry(0, { attempts: 3 }) },
      breaker: { failures: 10, probeMs: 10 },
    }
    const all = await scenario.consume(client, topic, options, ({ payload }) => {
      // Every second message fails for good: three failures of it, a success of the next.
      if (payload.n % 2 === 0 && row < 9) {
        longest = Math.max(longest, ++row)
        throw new Error('this one alone is wrong')
      }
      row = 0
    })
    await scenario.publishAll(client, topic, { count: 400, keys: 40 })
    const settled = (): number => all.subscription.stats().acked + all.subscription.stats().deadLettered
    await scenario.until(() => settled() === 400, 'everything', { saw: () => all.subscription.stats() })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal([longest, states], [9, []], 'failures in a row, events of the breaker')
    assert.atLeast(all.subscription.stats().deadLettered, 1, 'messages that have used up their attempts')
  },
})

const minutes = 60_000

/** B2: in simulated time, with the defaults of everything: what is behind the handler is gone for ten minutes. */
export const longOutage: Conformance = defineConformance({
  id: 'B2',
  needs: { simulatedTime: true },
  minimum: { messages: 500, keys: 64 },
  timeoutMs: 60_000,
  async run(scenario) {
    const clock = createSimulatedClock()
    const opening = scenario.messaging('consumer', { clock })
    await clock.advance(1)
    const client = await opening
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    let down = false
    let calls = 0
    const body = (): void => {
      if (!down) return
      calls++
      throw new Error('what is behind the handler is down')
    }
    const dead: string[] = []
    client.on('deadLetter', ({ id }) => dead.push(id))
    const consumptions = [
      await scenario.consume(client, topic, { group: 'all' }, body),
      await scenario.consume(client, plain, { group: 'all' }, body),
    ]
    scenario.after(async () => {
      const closing = client.close({ deadlineMs: 1_000 })
      await clock.advance(30_000)
      await closing
    })
    const publish = async (count: number): Promise<void> => {
      const both = [
        scenario.publishAll(client, topic, { count, keys: 64 }),
        scenario.publishAll(client, plain, { count: Math.ceil(count / 4) }),
      ]
      await clock.advance(100)
      await Promise.all(both)
    }
    const done = (): number => consumptions.reduce((sum, one) => sum + one.done.size, 0)
    await publish(100)
    await clock.runUntil(() => done() === 125, minutes)
    down = true
    for (let minute = 0; minute < 10; minute++) {
      await publish(30)
      await clock.advance(minutes - 100)
    }
    assert.equal(done(), 125, 'messages that were handled during the outage')
    assert.equal(dead, [], 'dead letters after ten minutes')
    assert.equal([client.health().status, client.health().problems.length], ['down', 2], 'health: one problem for each')
    // Fifty failures that open it, then probes at most every half minute; and none is further away than that.
    assert.atMost(calls, 2 * (50 + 10 + 20 + 10), 'calls of handlers during the outage')
    assert.atLeast(calls, 2 * (50 + 15), 'calls of handlers during the outage: it was looked for')
    down = false
    const endedMs = clock.monotonic()
    await publish(20)
    await clock.runUntil(() => done() === 125 + 10 * 38 + 25, 2 * minutes)
    assert.atMost(clock.monotonic() - endedMs, 45_000, 'ms of simulated time until everything is handled')
    await clock.advance(minutes)
    assert.equal([client.health().status, dead], ['up', []], 'health, dead letters afterwards')
    for (const { runs, subscription } of consumptions) {
      const { state, deadLettered: letters } = { state: subscription.state, ...subscription.stats() }
      assert.equal([state, letters], ['running', 0], 'state, dead letters')
      assert.atMost(Math.max(...runs.map(({ attempt }) => attempt)), 10, 'highest attempt')
      const failedBefore = runs
        .filter(({ outcome }) => outcome === 'ok')
        .reduce((sum, { attempt }) => sum + attempt - 1, 0)
      assert.equal(failedBefore, 50, 'failed attempts that were counted in all')
    }
    for (const { name } of [topic, plain]) await untilDepth(scenario, name, 'all')
    scenario.check({ groups: [topic, plain].map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})
