import { createSimulatedClock } from '@sluice/core/memory'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns, type Runs } from '../../scenario/consuming.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'
import { runsById, untilDepth } from '../../scenario/settled.js'
import { createStores } from './store.js'

const count = 500

/** I1: every message fails first, a part of it for good elsewhere: by a throw, a retry, a give-back. The claim is given up each time. */
export const failedFirst: Conformance = defineConformance({
  id: 'I1',
  parallel: true,
  minimum: { messages: count, keys: 50 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const handle = createStores()()
    const effects = new Map<string, number>()
    const options = {
      ...{ group: 'all', concurrency: 50, breaker: false as const, retry: fixedRetry(2, { attempts: 5 }) },
      idempotency: handle.idempotency,
    }
    const seen = new Map<string, number>()
    const all = await scenario.consume(client, topic, options, async ({ id, payload }, delivery) => {
      const before = seen.get(id) ?? 0
      seen.set(id, before + 1)
      if (before === 0) {
        if (payload.n % 3 === 0) throw new Error('fails first')
        if (payload.n % 3 === 1) return delivery.retry({ delayMs: 1 })
        return delivery.giveBack()
      }
      effects.set(id, (effects.get(id) ?? 0) + 1)
      return undefined
    })
    const sent = await scenario.publishAll(client, topic, { count, keys: 50 })
    await scenario.until(() => all.done.size === count, 'everything', { saw: () => [all.done.size, effects.size] })
    await untilDepth(scenario, topic.name, 'all')
    for (const { id } of sent) {
      assert.equal([effects.get(id), seen.get(id)], [1, 2], `effects and runs of ${id}`)
    }
    const { skipped, acked, deadLettered } = all.subscription.stats()
    assert.equal([skipped, acked, deadLettered], [0, count, 0], 'skipped, acked, dead-lettered')
    const released = handle.calls.filter(({ method, answer }) => method === 'release' && answer === 'true').length
    const completed = handle.calls.filter(({ method, answer }) => method === 'complete' && answer === 'true').length
    assert.equal([released, completed], [count, count], 'claims that were given up, and completed')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/**
 * I2: a process is killed with messages at every step. Those whose effect was there and whose mark was not run a second time, when
 * their lease is over; those with a mark do not, although the broker hands them over again.
 */
export const crashBeforeMark: Conformance = defineConformance({
  id: 'I2',
  parallel: true,
  needs: { faults: ['kill'] },
  minimum: { messages: count, keys: 50, faults: 1 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const victim = await scenario.messaging('victim')
    const leaseMs = 300
    const open = createStores({ leaseMs })
    const [first, second] = [open(), open()]
    const effects = new Map<string, number>()
    const go = createLatch()
    const runs: Runs<Item> = emptyRuns()
    const options = { group: 'all', concurrency: 20 }
    const effect = (id: string): void => void effects.set(id, (effects.get(id) ?? 0) + 1)
    const before = await scenario.consume(
      victim,
      topic,
      { ...options, idempotency: first.idempotency },
      async ({ id }) => {
        effect(id)
        if (effects.size > 200) await go.opened
      },
      runs,
    )
    const sent = await scenario.publishAll(publisher, topic, { count, keys: 50 })
    await scenario.until(
      () => before.subscription.stats().running === 20 && effects.size === 220,
      'handlers after their effect',
    )
    await scenario.until(() => first.calls.filter(({ method }) => method === 'complete').length === 200, 'marks')
    const marked = new Set(first.calls.filter(({ method }) => method === 'complete').map(({ id }) => id))
    first.die()
    await scenario.faults.kill(victim)
    const killedMs = performance.now()
    const client = await scenario.messaging('heir')
    const starts: { readonly id: string; readonly atMs: number }[] = []
    const heir = await scenario.consume(client, topic, { ...options, idempotency: second.idempotency }, ({ id }) => {
      starts.push({ id, atMs: performance.now() })
      effect(id)
    })
    await scenario.until(() => marked.size + heir.done.size === count, 'everything', {
      timeoutMs: scenario.harness.timings.takeOverMs + scenario.harness.timings.patienceMs,
      saw: () => [marked.size, heir.done.size],
    })
    await untilDepth(scenario, topic.name, 'all')
    const twice = sent.filter(({ id }) => effects.get(id) === 2).map(({ id }) => id)
    const cutOff = sent.filter(
      ({ id }, index) => index < count && !marked.has(id) && runs.runs.some((run) => run.id === id),
    )
    assert.equal(
      twice.toSorted(),
      cutOff.map(({ id }) => id).toSorted(),
      'messages that ran twice: those between their effect and their mark',
    )
    assert.equal(twice.length, 20, 'messages between their effect and their mark')
    assert.equal(
      sent.filter(({ id }) => (effects.get(id) ?? 0) > 2 || !effects.has(id)).length,
      0,
      'other numbers of runs',
    )
    for (const { id, atMs } of starts)
      if (twice.includes(id)) assert.atLeast(atMs, killedMs, 'the second run comes after the process is gone')
    assert.atMost(heir.subscription.stats().skipped, marked.size, 'messages that the heir has skipped')
    assert.ok(
      heir.runs.every(({ id }) => !marked.has(id)),
      'what has a mark does not run again',
    )
  },
})

/** I3: three instances, each id published five times. One runs; when its first run fails, one runs again. Never two at once. */
export const race: Conformance = defineConformance({
  id: 'I3',
  parallel: true,
  minimum: { messages: 5 * 120 },
  async run(scenario) {
    const topic = scenario.plainTopic({ groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const open = createStores()
    const running = new Map<string, number>()
    const runs = new Map<string, number>()
    const effects = new Map<string, number>()
    const stats: (() => { readonly skipped: number; readonly acked: number; readonly deadLettered: number })[] = []
    const attempts: number[] = []
    for (const label of ['first', 'second', 'third']) {
      const client = await scenario.messaging(label)
      const options = {
        ...{ group: 'all', concurrency: 40, retry: fixedRetry(3), breaker: false as const },
        idempotency: open().idempotency,
      }
      const subscription = await client.subscribe(topic, options, async ({ id, payload }, { attempt }) => {
        const now = (running.get(id) ?? 0) + 1
        running.set(id, now)
        attempts.push(attempt)
        assert.equal(now, 1, `handlers of ${id} at once`)
        const run = (runs.get(id) ?? 0) + 1
        runs.set(id, run)
        await takes(scenario.random() * 4)
        running.set(id, now - 1)
        if (payload.n % 4 === 0 && run === 1) throw new Error('fails first')
        effects.set(id, (effects.get(id) ?? 0) + 1)
      })
      stats.push(() => subscription.stats())
    }
    const items = Array.from({ length: 120 }, (_, n) => ({ id: scenario.newId(), item: { key: null, n } }))
    const copies = [...items, ...items, ...items, ...items, ...items]
    await Promise.all(copies.map(({ id, item }) => publisher.publish(topic, item, { id })))
    scenario.count({ messages: copies.length })
    const sum = (name: 'skipped' | 'acked'): number => stats.reduce((total, one) => total + one()[name], 0)
    await scenario.until(() => sum('skipped') + sum('acked') === copies.length, 'all copies to be settled', {
      saw: () => [sum('acked'), sum('skipped')],
    })
    await untilDepth(scenario, topic.name, 'all')
    for (const { id, item } of items)
      assert.equal([effects.get(id), runs.get(id)], [1, item.n % 4 === 0 ? 2 : 1], `effects and runs of ${id}`)
    assert.equal([sum('acked'), sum('skipped')], [120, 480], 'acked, skipped')
    assert.atMost(Math.max(...attempts), 2, 'attempt: waiting for another copy counts none')
    assert.equal(
      stats.reduce((total, one) => total + one().deadLettered, 0),
      0,
      'dead letters',
    )
  },
})

/** I5: an id is known for as long as it was asked for, and no longer; a lease that is renewed does not run out. */
export const expiry: Conformance = defineConformance({
  id: 'I5',
  parallel: true,
  minimum: { messages: 400, keys: 20 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const clock = createSimulatedClock()
    const retainMs = 60_000
    const handle = createStores({ retainMs, clock })()
    const all = await client.subscribe(
      topic,
      { group: 'all', concurrency: 20, idempotency: handle.idempotency },
      ({ id }) => void runs.set(id, (runs.get(id) ?? 0) + 1),
    )
    const runs = new Map<string, number>()
    const ids = Array.from({ length: 100 }, () => scenario.newId())
    const publish = async (): Promise<void> => {
      const settled = (): number => all.stats().acked + all.stats().skipped
      const before = settled()
      await Promise.all(ids.map((id, n) => client.publish(topic, { key: `k${n % 20}`, n }, { id })))
      scenario.count({ messages: ids.length, keys: 5 })
      await scenario.until(() => settled() === before + ids.length, 'all of them')
    }
    const expected = (skipped: number, acked: number): void =>
      assert.equal([all.stats().skipped, all.stats().acked], [skipped, acked], 'skipped, acked')
    await publish()
    expected(0, 100)
    await clock.advance(retainMs - 1)
    await publish()
    expected(100, 100)
    await clock.advance(2)
    await publish()
    expected(100, 200)
    await clock.advance(retainMs / 2)
    await publish()
    expected(200, 200)
    await untilDepth(scenario, topic.name, 'all')
    assert.equal([...new Set(runs.values())], [2], 'runs of each id: before and after its time')
    assert.equal(runsById([...runs.keys()].map((id) => ({ id }))).size, 100, 'ids')
  },
})

/** I5: a handler that runs for many times the lease keeps its claim. */
export const renewed: Conformance = defineConformance({
  id: 'I5',
  part: 'renewal',
  parallel: true,
  minimum: { messages: 2 },
  async run(scenario) {
    const topic = scenario.plainTopic({ groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    // Far longer than the machine may stand still between two renewals: a lease that runs out is another promise.
    const leaseMs = 3_000
    const open = createStores({ leaseMs })
    const handles = [open(), open()]
    const go = createLatch()
    scenario.after(() => go.open())
    const starts: string[] = []
    const stats: (() => { readonly skipped: number; readonly acked: number })[] = []
    for (const { idempotency } of handles) {
      const client = await scenario.messaging('consumer')
      const subscription = await client.subscribe(topic, { group: 'all', concurrency: 4, idempotency }, ({ id }) => {
        starts.push(id)
        return go.opened
      })
      stats.push(() => subscription.stats())
    }
    const id = scenario.newId()
    for (let copy = 0; copy < 2; copy++) await publisher.publish(topic, { key: null, n: 0 }, { id })
    scenario.count({ messages: 2 })
    const calls = (method: string, answer: string): number =>
      handles.reduce(
        (sum, handle) => sum + handle.calls.filter((call) => call.method === method && call.answer === answer).length,
        0,
      )
    // Two leases long, told by the owner's renewals; the other copy has asked several times meanwhile.
    await scenario.until(() => calls('renew', 'true') >= 6 && calls('claim', 'busy') >= 2, 'renewals', {
      saw: () => handles.map((handle) => handle.calls.length),
    })
    assert.equal(starts.length, 1, 'runs while the first one goes on')
    go.open()
    await scenario.until(() => stats.reduce((sum, one) => sum + one().acked + one().skipped, 0) === 2, 'both copies')
    assert.equal(starts.length, 1, 'runs')
    const renewals = calls('renew', 'true')
    await publisher.publish(topic, { key: null, n: 0 }, { id })
    await scenario.until(() => stats.reduce((sum, one) => sum + one().skipped, 0) === 2, 'a third copy to be skipped')
    assert.equal(calls('renew', 'true'), renewals, 'renewals after the end')
  },
})
