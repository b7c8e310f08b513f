import { perSecond, type Key, type Limiter } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Consumption } from '../../scenario/consuming.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { Item } from '../../scenario/item.js'
import { createLatch } from '../../scenario/handler-work.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'
import { busiest, expectBounded, longRunRate } from './rates.js'

/** L1: one process, two subscriptions that share one limiter, failing attempts included: each start takes a token. */
export const longRun: Conformance = defineConformance({
  id: 'L1',
  part: 'one process',
  minimum: { messages: 1_400, keys: 64 },
  timeoutMs: 60_000,
  async run(scenario) {
    const [rate, burst] = [1_000, 250]
    const client = await scenario.messaging('consumer')
    const limiter = perSecond(rate, { burst })
    const topics = [scenario.keyedTopic({ partitions: 4, groups: ['all'] }), scenario.keyedTopic({ groups: ['all'] })]
    const starts: number[] = []
    const all: Consumption<Item>[] = []
    for (const topic of topics) await scenario.publishAll(client, topic, { count: 700, keys: 32 })
    for (const topic of topics) {
      const options = {
        ...{ group: 'all', concurrency: 64, rateLimit: limiter },
        ...{ retry: fixedRetry(0), breaker: false as const },
      }
      all.push(
        await scenario.consume(client, topic, options, ({ payload }, { attempt }) => {
          starts.push(performance.now())
          if (attempt === 1 && payload.n % 7 === 3) throw new Error('its second attempt needs a token too')
        }),
      )
    }
    const done = (): number => all.reduce((sum, one) => sum + one.done.size, 0)
    await scenario.until(() => done() === 1_400, 'everything', { timeoutMs: 20_000, saw: done })
    expectBounded(starts, rate, burst)
    const found = longRunRate(starts, burst, scenario.takenBetween)
    assert.atLeast(found, rate * 0.99, 'starts per second in the long run')
    assert.atMost(longRunRate(starts, burst), rate * 1.01, 'starts per second in the long run')
    for (const [index, { runs, subscription }] of all.entries()) {
      const { givenBack, deadLettered, retried } = subscription.stats()
      const failing = runs.filter(({ attempt }) => attempt === 2).length
      assert.equal(
        [givenBack, deadLettered, retried],
        [0, 0, failing],
        `given back, dead-lettered, retried of ${index}`,
      )
      await untilDepth(scenario, topics[index]?.name ?? '', 'all')
    }
    // While both have something to start: a broker may hand over the messages of one later than those of the other.
    const startsOf = all.map(({ runs }) => runs.map(({ startedMs }) => startedMs).toSorted((x, y) => x - y))
    const fromMs = Math.max(...startsOf.map((own) => own[0] ?? 0))
    const toMs = Math.min(...startsOf.map((own) => own.at(-1) ?? 0))
    const shares = startsOf.map((own) => own.filter((startedMs) => startedMs >= fromMs && startedMs <= toMs).length)
    const together = shares.reduce((sum, share) => sum + share, 0)
    assert.atLeast(together, starts.length / 2, 'starts while both had something to start')
    assert.atLeast(Math.min(...shares), together * 0.35, 'starts of the one that got less: they share evenly')
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

/** L2: keys without a token wait, alone: neither the others nor the slots notice, and one that gets a token goes on at its own pace. */
export const perKey: Conformance = defineConformance({
  id: 'L2',
  parallel: true,
  minimum: { messages: 500, keys: 25 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const closed = new Set(['k0', 'k1', 'k2', 'k3', 'k4'])
    /** When the slow key got its tokens, in ms. */
    const granted: number[] = []
    const asked = new Map<string, number>()
    const slowMs = 15
    const limiter: Limiter = {
      name: 'by key',
      attach: ({ clock }) => ({
        perKey: true,
        take(key: Key | null) {
          const name = typeof key === 'string' ? key : new TextDecoder().decode(key ?? undefined)
          asked.set(name, (asked.get(name) ?? 0) + 1)
          if (closed.has(name)) return 10
          if (name !== 'k5') return 0
          const nowMs = clock.monotonic()
          const waitMs = (granted.at(-1) ?? -Infinity) + slowMs - nowMs
          if (waitMs > 0) return waitMs
          granted.push(nowMs)
          return 0
        },
        close: () => undefined,
      }),
    }
    const options = { group: 'all', concurrency: 2, rateLimit: limiter }
    await scenario.publishAll(client, topic, { count: 500, keys: 25 })
    const all = await scenario.consume(client, topic, options)
    await scenario.until(() => all.done.size === 400, 'the keys that have tokens', { saw: () => all.done.size })
    const times = all.runs.filter(({ message }) => message.payload.key === 'k5').map(({ startedMs }) => startedMs)
    assert.equal(times.length, 20, 'runs of the slow key')
    // Not the time between two starts: one that is late leaves less of it to the next.
    for (const [index, time] of times.entries())
      assert.atLeast(time - (granted[index] ?? Infinity), 0, `ms from token ${index} of the slow key to its start`)
    assert.equal(granted.length, 20, 'tokens of the slow key')
    const quick = all.runs.filter(({ message }) => message.payload.key === 'k6').map(({ startedMs }) => startedMs)
    assert.ok(
      (quick.at(-1) as number) < (times.at(-1) as number),
      'a key without a limit is through before the one that waits for tokens',
    )
    assert.ok(
      all.runs.every(({ message }) => !closed.has(message.payload.key ?? '')),
      'a key without a token has not started',
    )
    for (const key of closed)
      assert.atMost(asked.get(key) ?? 0, 200, 'questions for a key without a token: no busy loop')
    const { running, givenBack, waiting } = all.subscription.stats()
    assert.equal([running, givenBack, waiting], [0, 0, 100], 'running, given back, waiting')
    closed.clear()
    await scenario.until(() => all.done.size === 500, 'everything', { saw: () => all.done.size })
    await untilDepth(scenario, topic.name, 'all')
    assert.ok(
      all.runs.every(({ attempt }) => attempt === 1),
      'no attempt is counted for a limit',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/** L3: hundreds wait for a token that will not come for an hour. They wait here, cost nothing, and let go at once. */
export const cancellable: Conformance = defineConformance({
  id: 'L3',
  parallel: true,
  minimum: { messages: 500, keys: 50 },
  async run(scenario) {
    const publisher = await scenario.messaging('publisher')
    const waits: Readonly<Record<string, () => Limiter>> = {
      'one every hour': () => perSecond(1 / 3_600, { burst: 3 }),
      'by key, none': () => gate(true, 60_000, 3),
      'until it is woken': () => gate(false, Infinity, 3),
    }
    for (const [what, limiter] of Object.entries(waits)) {
      const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
      const client = await scenario.messaging('limited')
      await scenario.publishAll(publisher, topic, { count: 200, keys: 50 })
      const options = { group: 'all', concurrency: 10 }
      const all = await scenario.consume(client, topic, { ...options, rateLimit: limiter() })
      await scenario.until(
        () => all.done.size === 3 && all.subscription.stats().delivered === 200,
        `${what}: the first three`,
        {
          saw: () => all.subscription.stats(),
        },
      )
      await untilDepth(scenario, topic.name, 'all', 197)
      const { running, waiting, givenBack, retried } = all.subscription.stats()
      assert.equal(
        [running, waiting, givenBack, retried],
        [0, 197, 0, 0],
        `${what}: running, waiting, given back, retried`,
      )
      assert.equal([all.subscription.state, client.health().status], ['running', 'up'], `${what}: state, health`)
      const watch = scenario.stopwatch()
      const report = await client.close({ deadlineMs: 10_000 })
      assert.atMost(watch.ranMs, 3_000, `${what}: ms until close has let go of what waits`)
      assert.equal(
        [report.clean, report.leftRunning, report.leftWaiting],
        [true, 0, 197],
        `${what}: clean, running, waiting`,
      )
      await expectDepth(scenario, topic.name, 'all', 197)
      const heir = await scenario.consume(await scenario.messaging('heir'), topic, options)
      await scenario.until(() => heir.done.size === 197, `${what}: the next instance to handle the rest`, {
        saw: () => heir.done.size,
      })
      await untilDepth(scenario, topic.name, 'all')
      const runs = [...all.runs, ...heir.runs]
      assert.equal(runs.length, 200, `${what}: runs`)
      assert.ok(
        runs.every(({ attempt }) => attempt === 1),
        `${what}: no attempt is counted for a wait`,
      )
      scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    }
  },
})

/** L3: a wait for tokens that ends counts no attempt, neither before the first run nor before a second one. */
export const waitsCountNothing: Conformance = defineConformance({
  id: 'L3',
  part: 'attempts',
  parallel: true,
  minimum: { messages: 300, keys: 30 },
  async run(scenario) {
    const client = await scenario.messaging('consumer')
    for (const limiter of [perSecond(600, { burst: 1 }), gate(true, 2, 0, 3)]) {
      const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
      const retry = fixedRetry(1, { attempts: 2 })
      const failing = (n: number): boolean => n % 5 === 0
      const options = { group: 'all', concurrency: 10, rateLimit: limiter, retry, breaker: false as const }
      const all = await scenario.consume(client, topic, options, ({ payload }, { attempt }) => {
        if (failing(payload.n) && attempt === 1) throw new Error('fails once')
      })
      await scenario.publishAll(client, topic, { count: 150, keys: 30 })
      await scenario.until(() => all.done.size === 150, 'everything', { saw: () => all.done.size })
      await untilDepth(scenario, topic.name, 'all')
      for (const { message, attempt, outcome } of all.runs) {
        const expected = failing(message.payload.n) ? (outcome === 'failed' ? 1 : 2) : 1
        assert.equal(attempt, expected, `attempt of message ${message.payload.n} that ${outcome}`)
      }
      const { retried, deadLettered, givenBack } = all.subscription.stats()
      assert.equal([retried, deadLettered, givenBack], [30, 0, 0], 'retried, dead-lettered, given back')
      scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    }
  },
})

/** L5: everybody stood still for a while, in three ways. What has gathered meanwhile comes out at the rate, not at once. */
export const afterStall: Conformance = defineConformance({
  id: 'L5',
  minimum: { messages: 900, keys: 90 },
  timeoutMs: 60_000,
  async run(scenario) {
    const [rate, burst, windowMs] = [800, 20, 100]
    const most = burst + (rate * windowMs) / 1_000
    const stalls = ['handlers', 'pause', 'event loop'] as const
    for (const stall of stalls) {
      const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
      const client = await scenario.messaging('consumer')
      const starts: number[] = []
      const go = createLatch()
      scenario.after(() => go.open())
      const options = { group: 'all', concurrency: 16, rateLimit: perSecond(rate, { burst }) }
      const all = await scenario.consume(client, topic, options, async () => {
        starts.push(performance.now())
        if (stall === 'handlers' && starts.length > 40 && !go.isOpen) await go.opened
      })
      await scenario.publishAll(client, topic, { count: 300, keys: 90 })
      await scenario.until(() => starts.length >= 56, 'the stream to run', { saw: () => starts.length })
      const beganMs = performance.now()
      const stalled = (): boolean => performance.now() - beganMs > 250
      if (stall === 'pause') all.subscription.pause()
      if (stall === 'event loop') while (!stalled());
      const started = starts.length
      if (stall !== 'event loop') await scenario.until(stalled, 'what has stalled to have stood for a while')
      if (stall === 'handlers') assert.equal(all.subscription.stats().running, 16, 'handlers that stand still')
      if (stall !== 'event loop') assert.equal(starts.length, started, 'starts during the stall')
      if (stall === 'pause') all.subscription.resume()
      go.open()
      await scenario.until(() => all.done.size === 300, `everything after the stall of ${stall}`)
      assert.atMost(
        busiest(starts, windowMs),
        most * 1.05 + 1,
        `starts in the busiest ${windowMs} ms around a stall of ${stall}`,
      )
      expectBounded(starts, rate, burst)
      await untilDepth(scenario, topic.name, 'all')
      assert.equal([all.runs.length, all.subscription.stats().givenBack], [300, 0], 'runs, given back')
      scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    }
  },
})

/** Grants the first few, then tells everybody to wait; or makes each start wait some times. */
function gate(byKey: boolean, waitMs: number, granted: number, refusals = Infinity): Limiter {
  return {
    name: 'gate',
    attach: () => {
      let left = granted
      let refused = 0
      return {
        perKey: byKey,
        take() {
          if (left > 0) {
            left--
            return 0
          }
          refused++
          return refused % (refusals + 1) === 0 ? 0 : waitMs
        },
        close: () => undefined,
      }
    },
  }
}
