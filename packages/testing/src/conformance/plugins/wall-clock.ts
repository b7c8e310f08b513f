import { memoryIdempotency, perSecond, systemClock, type Clock } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { runsById, untilDepth } from '../../scenario/settled.js'

const hourMs = 3_600_000

/**
 * T4: the wall clock is set forward and back by an hour, again and again, under delayed retries, give-backs, batches, a limiter, leases,
 * handler limits and publish deadlines. Everything takes as long as it would have taken.
 */
export const wallClockMoves: Conformance = defineConformance({
  id: 'T4',
  minimum: { messages: 240, keys: 24 },
  timeoutMs: 60_000,
  async run(scenario) {
    let offsetMs = 0
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + offsetMs }
    await underMovedWall(scenario, clock, (toMs) => (offsetMs = toMs))
  },
})

/** T4: the same, and what the process itself takes for the time moves too. */
export const processTimeMoves: Conformance = defineConformance({
  id: 'T4',
  part: 'process',
  minimum: { messages: 240, keys: 24 },
  timeoutMs: 60_000,
  async run(scenario) {
    const { now } = Date
    let offsetMs = 0
    Date.now = () => now() + offsetMs
    try {
      await underMovedWall(scenario, systemClock, (toMs) => (offsetMs = toMs))
    } finally {
      Date.now = now
    }
  },
})

/** T4: what waits for its next attempt is lost and comes again while the clock is moved: it waits what is left, no less and no more. */
export const wallClockMovesAtLoss: Conformance = defineConformance({
  id: 'T4',
  part: 'cut',
  needs: { faults: ['cut'] },
  minimum: { messages: 80, keys: 40, faults: 2 },
  timeoutMs: 60_000,
  async run(scenario) {
    let offsetMs = 0
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + offsetMs }
    const { detectMs, recoverMs } = scenario.harness.timings
    const delayMs = 400
    for (const movedMs of [hourMs, -hourMs]) {
      const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
      const client = await scenario.messaging('consumer', { clock })
      const options = { group: 'all', concurrency: 40, retry: fixedRetry(delayMs), breaker: false as const }
      const all = await scenario.consume(client, topic, options, (_message, { attempt }) => {
        if (attempt === 1) throw new Error('comes again')
      })
      await scenario.publishAll(client, topic, { count: 40, keys: 40 })
      await scenario.until(() => all.subscription.stats().held === 40, 'retries that wait')
      const lost = new Set<number>()
      client.on('claim', ({ partition, state }) => {
        if (state === 'lost') lost.add(partition)
      })
      offsetMs = movedMs
      await scenario.faults.loseClaims(client, 'consume')
      await scenario.until(() => lost.size === 2, 'what waits to be lost')
      offsetMs = 0
      await scenario.until(() => all.done.size === 40, 'second attempts', {
        timeoutMs: delayMs + detectMs + recoverMs + 5_000,
        saw: () => all.subscription.stats(),
      })
      await untilDepth(scenario, topic.name, 'all')
      for (const id of runsById(all.runs).keys()) {
        const [first, second, ...more] = all.runs.filter((run) => run.id === id)
        assert.equal([second?.attempt, more.length], [2, 0], `attempt of the second run, further runs of ${id}`)
        const [fromMs, toMs] = [first?.endedMs ?? 0, second?.startedMs ?? 0]
        const waited = toMs - fromMs
        assert.atLeast(waited, delayMs - 1, `ms that ${id} has waited`)
        const lateMs = detectMs + recoverMs + 400 + scenario.takenBetween(fromMs, toMs)
        assert.atMost(waited, delayMs + lateMs, `ms that ${id} has waited`)
      }
      scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    }
  },
})

async function underMovedWall(scenario: Scenario, clock: Clock, setWall: (offsetMs: number) => void): Promise<void> {
  const delayMs = 150
  for (const [step, offsetMs] of [hourMs, -hourMs].entries()) {
    setWall(0)
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all', 'limited'] })
    const plain = scenario.plainTopic({ groups: ['delayed'] })
    const client = await scenario.messaging('consumer', { clock, publishTimeoutMs: 5_000 })
    const { durableDelay, groupAddress } = client.capabilities
    const overdue: string[] = []
    client.on('overdue', ({ id }) => overdue.push(id))
    const givenBack = new Set<string>()
    const all = await scenario.consume(
      client,
      topic,
      {
        ...{ group: 'all', concurrency: 24, retry: fixedRetry(delayMs), breaker: false as const },
        ...{ handlerTimeoutMs: 2_000, idempotency: memoryIdempotency({ leaseMs: 3_000, retainMs: 60_000 }) },
      },
      ({ id, payload }, delivery) => {
        if (payload.n === 1 && !givenBack.has(id)) {
          givenBack.add(id)
          return delivery.giveBack({ delayMs })
        }
        if (payload.n === 0 && delivery.attempt === 1) throw new Error('comes again')
        return undefined
      },
    )
    const late = await scenario.consume(
      client,
      plain,
      {
        ...{ group: 'delayed', concurrency: 40, breaker: false as const },
        retry: fixedRetry(delayMs, { placement: durableDelay && groupAddress ? 'delayed' : 'in-place' }),
      },
      (_message, { attempt }) => {
        if (attempt === 1) throw new Error('comes again')
      },
    )
    const limited = await scenario.consume(client, topic, {
      group: 'limited',
      rateLimit: perSecond(200, { burst: 10 }),
    })
    const sent = await scenario.publishAll(client, topic, { count: 80, keys: 24 })
    await scenario.publishAll(client, plain, { count: 40 })
    await scenario.until(
      () => all.subscription.stats().held >= 24 && late.runs.length >= 40,
      'retries that wait, here and at the broker',
      { saw: () => [all.subscription.stats(), late.runs.length] },
    )
    // While everything waits; and once more before it is due.
    setWall(offsetMs)
    const movedMs = performance.now()
    const again = await scenario.publishOne(client, topic, scenario.item(topic, 'k0'))
    assert.equal(again.result, 'ok', 'a publish right after the clock was moved')
    await scenario.until(() => performance.now() - movedMs > delayMs / 2, 'half of the delay')
    setWall(offsetMs / 2)
    await scenario.until(
      () => all.done.size === 81 && late.done.size === 40 && limited.done.size === 81,
      'everything',
      {
        saw: () => [all.done.size, late.done.size, limited.done.size],
      },
    )
    await Promise.all([
      untilDepth(scenario, topic.name, 'all'),
      untilDepth(scenario, topic.name, 'limited'),
      untilDepth(scenario, plain.name, 'delayed'),
    ])
    for (const { runs } of [all, late]) {
      for (const [id, count] of runsById(runs)) {
        if (count === 1) continue
        const [first, second] = runs.filter((run) => run.id === id)
        const [fromMs, toMs] = [first?.endedMs ?? 0, second?.startedMs ?? 0]
        const waited = toMs - fromMs
        assert.equal(count, 2, `runs of ${id}`)
        assert.atLeast(waited, delayMs - 1, `ms that ${id} has waited while the clock was moved`)
        const lateMs = 400 + scenario.takenBetween(fromMs, toMs)
        assert.atMost(waited, delayMs + lateMs, `ms that ${id} has waited while the clock was moved`)
      }
    }
    assert.equal(all.runs.length, 81 + 24 + givenBack.size, 'runs')
    assert.equal(overdue, [], 'handlers that were taken for overdue')
    assert.equal(
      [...runsById(limited.runs).values()].every((count) => count === 1),
      true,
      'runs behind the limiter',
    )
    const took = (limited.runs.at(-1)?.startedMs ?? 0) - (limited.runs[0]?.startedMs ?? 0)
    assert.atLeast(took, ((81 - 10) / 200) * 1_000 - 20, 'ms that the limiter has taken')
    const { skipped, deadLettered, lost } = all.subscription.stats()
    assert.equal([skipped, deadLettered, lost], [0, 0, 0], 'skipped, dead-lettered, lost')
    assert.equal(client.health().status, 'up', 'health')
    assert.equal(sent.length, 80, 'published')
    setWall(0)
    scenario.check({
      groups: [
        { topic: topic.name, group: 'all' },
        { topic: plain.name, group: 'delayed' },
      ],
    })
    const closing = await client.close()
    assert.equal(closing.clean, true, `a clean close in round ${step + 1}`)
  }
}
