import { defaultRetryPolicy, type RetryPolicy } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { untilDepth } from '../../scenario/settled.js'

/** T1: of the default policy: bounds, spread and end; on the broker: each delay is the policy's, asked for once for each failure. */
export const delaysMatch: Conformance = defineConformance({
  id: 'T1',
  minimum: { messages: 200, keys: 40 },
  async run(scenario) {
    expectFullJitter()
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const decided = new Map<string, number[]>()
    const policy: RetryPolicy = {
      name: 'recorded',
      placement: 'auto',
      decide({ attempt, error, elapsedMs }) {
        const id = (error as Error).message
        const delayMs = Math.round(scenario.random() * Math.min(120, 10 * 2 ** attempt))
        const before = decided.get(id) ?? []
        assert.equal(attempt, before.length + 1, `failed attempt that the policy of ${id} is asked about`)
        assert.atLeast(elapsedMs, before.reduce((sum, ms) => sum + ms, 0) - 1, `ms since the first failure of ${id}`)
        decided.set(id, [...before, delayMs])
        return { kind: 'retry', delayMs }
      },
    }
    const told = new Map<string, number[]>()
    client.on('retry', ({ id, attempt, delayMs }) => {
      assert.equal(attempt, (told.get(id)?.length ?? 0) + 1, `attempt in the event of ${id}`)
      told.set(id, [...(told.get(id) ?? []), delayMs])
    })
    const options = { group: 'all', concurrency: 40, retry: policy, breaker: false as const }
    const all = await scenario.consume(client, topic, options, ({ id, payload }, { attempt }) => {
      if (attempt <= payload.n % 5) throw new Error(id)
    })
    const sent = await scenario.publishAll(client, topic, { count: 200, keys: 40 })
    await scenario.until(() => all.done.size === 200, 'everything', { saw: () => all.done.size })
    await untilDepth(scenario, topic.name, 'all')
    for (const { id, item } of sent) {
      const runs = all.runs.filter((run) => run.id === id)
      const delays = decided.get(id) ?? []
      assert.equal([delays.length, runs.length], [item.n % 5, (item.n % 5) + 1], `decisions, runs of ${id}`)
      assert.equal(told.get(id) ?? [], delays, `delays in the events of ${id}`)
      for (const [index, delayMs] of delays.entries()) {
        const [fromMs, toMs] = [runs[index]?.endedMs ?? 0, runs[index + 1]?.startedMs ?? 0]
        const waited = toMs - fromMs
        // The end of the handler is seen a little before core sees it, and the start after it.
        assert.atLeast(waited, delayMs - 1, `ms before attempt ${index + 2} of ${id}`)
        const lateMs = 250 + scenario.takenBetween(fromMs, toMs)
        assert.atMost(waited, delayMs + lateMs, `ms before attempt ${index + 2} of ${id}`)
      }
    }
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

function expectFullJitter(): void {
  for (let attempt = 1; attempt < 10; attempt++) {
    const boundMs = Math.min(30_000, 200 * 2 ** (attempt - 1))
    const delays = Array.from({ length: 400 }, () => {
      const decision = defaultRetryPolicy().decide({ error: new Error('fails'), attempt, elapsedMs: 0 })
      assert.ok(decision.kind === 'retry', `attempt ${attempt} of the default policy is not the last`)
      return decision.delayMs
    })
    assert.atLeast(Math.min(...delays), 0, `shortest delay after attempt ${attempt}`)
    assert.atMost(Math.max(...delays), boundMs, `longest delay after attempt ${attempt}`)
    assert.atLeast(Math.max(...delays), boundMs * 0.9, `longest delay after attempt ${attempt}: it reaches its bound`)
    assert.atMost(Math.min(...delays), boundMs * 0.1, `shortest delay after attempt ${attempt}: the jitter is full`)
    const mean = delays.reduce((sum, ms) => sum + ms, 0) / delays.length
    assert.atLeast(mean, boundMs * 0.4, `mean delay after attempt ${attempt}`)
    assert.atMost(mean, boundMs * 0.6, `mean delay after attempt ${attempt}`)
  }
  const last = defaultRetryPolicy().decide({ error: new Error('fails'), attempt: 10, elapsedMs: 0 })
  assert.equal(last, { kind: 'exhausted' }, 'the default policy after ten attempts')
}

/** T3: no attempt more, none less, and then the dead letter that says so. */
export const exhausted: Conformance = defineConformance({
  id: 'T3',
  parallel: true,
  minimum: { messages: 200, keys: 40 },
  async run(scenario) {
    const client = await scenario.messaging('consumer')
    for (const [attempts, retry] of [
      [1, false],
      [1, fixedRetry(1, { attempts: 1 })],
      [2, fixedRetry(1, { attempts: 2 })],
      [7, fixedRetry(1, { attempts: 7 })],
    ] as const) {
      const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
      const options = { group: 'all', concurrency: 20, retry, breaker: false as const }
      const all = await scenario.consume(client, topic, options, ({ payload }) => {
        if (payload.n % 2 === 0) throw new Error('never well')
      })
      const sent = await scenario.publishAll(client, topic, { count: 80, keys: 40 })
      const failing = sent.filter(({ item }) => item.n % 2 === 0).map(({ id }) => id)
      await scenario.until(
        () => all.done.size === 40 && all.subscription.stats().deadLettered === failing.length,
        'everything to be handled or dead-lettered',
        { saw: () => all.subscription.stats() },
      )
      await untilDepth(scenario, topic.name, 'all')
      for (const id of failing) {
        const seen = all.runs.filter((run) => run.id === id).map(({ attempt }) => attempt)
        assert.equal(
          seen,
          Array.from({ length: attempts }, (_, index) => index + 1),
          `attempts of ${id}`,
        )
      }
      const letters = await recordDeadLetters(scenario, client, topic, 'all')
      assert.equal(letters.map(({ id }) => id).toSorted(), failing.toSorted(), 'dead letters')
      assert.ok(
        letters.every((letter) => letter.attempts === attempts && letter.error?.message === 'never well'),
        'each dead letter tells its attempts and its error',
      )
      assert.equal(all.subscription.stats().retried, failing.length * (attempts - 1), 'retries')
      scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    }
  },
})

const attemptsInAll = 5

/** T3: the owner is killed after every second failure. Where attempts are on record the count goes on where it was. */
export const exhaustedOverKills: Conformance = defineConformance({
  id: 'T3',
  part: 'kill',
  parallel: true,
  needs: { faults: ['kill'], capability: 'attemptRecord' },
  minimum: { messages: 20, keys: 20, faults: 2 },
  timeoutMs: 60_000,
  run: (scenario) => overKills(scenario, true),
  refused: (scenario) => overKills(scenario, false),
})

/** Without a record the count begins anew with each owner: more attempts in all, never fewer, and none too many with any owner. */
async function overKills(scenario: Parameters<Conformance['run']>[0], recorded: boolean): Promise<void> {
  const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  const sent = await scenario.publishAll(publisher, topic, { count: 20, keys: 20 })
  const seen = new Map<string, number[]>()
  const { takeOverMs, patienceMs } = scenario.harness.timings
  for (let owner = 1; owner <= 3; owner++) {
    const client = await scenario.messaging(`owner-${owner}`)
    assert.equal(client.capabilities.attemptRecord, recorded, 'the record of attempts is declared as it is')
    const last = owner === 3
    // What a killed process would have had to wait for lies an hour ahead: it is killed after its second failure.
    const retry: RetryPolicy = {
      ...{ name: 'two for each owner', placement: 'in-place' },
      decide({ attempt, error }) {
        if (attempt >= attemptsInAll) return { kind: 'exhausted' }
        const failures = own.get((error as Error).message) ?? 0
        return { kind: 'retry', delayMs: !last && failures >= 2 ? 3_600_000 : 1 }
      },
    }
    const own = new Map<string, number>()
    const rested = new Set<string>()
    client.on('retry', ({ id, delayMs }) => {
      if (delayMs > 1_000) rested.add(id)
    })
    const options = { group: 'all', concurrency: 20, retry, breaker: false as const }
    const all = await scenario.consume(client, topic, options, ({ id }, { attempt }) => {
      seen.set(id, [...(seen.get(id) ?? []), attempt])
      own.set(id, (own.get(id) ?? 0) + 1)
      throw new Error(id)
    })
    if (last) {
      await scenario.until(() => all.subscription.stats().deadLettered === 20, 'dead letters', {
        timeoutMs: takeOverMs + patienceMs,
        saw: () => all.subscription.stats(),
      })
    } else {
      await scenario.until(() => rested.size === 20, `two failures of each with owner ${owner}`, {
        timeoutMs: takeOverMs + patienceMs,
        saw: () => rested.size,
      })
      // The record is written while the message waits; a later answer of the same broker comes after it.
      await untilDepth(scenario, topic.name, 'all', 20)
      await scenario.publishAll(publisher, scenario.keyedTopic({ groups: ['all'] }), { count: 1 })
      await scenario.faults.kill(client)
    }
  }
  const expected = recorded ? [1, 2, 3, 4, 5] : [1, 2, 1, 2, 1, 2, 3, 4, 5]
  for (const { id } of sent) assert.equal(seen.get(id), expected, `attempts of ${id} over three owners`)
  const letters = await recordDeadLetters(scenario, publisher, topic, 'all')
  assert.equal(letters.map(({ id }) => id).toSorted(), sent.map(({ id }) => id).toSorted(), 'dead letters')
  assert.ok(
    letters.every(({ attempts }) => attempts === attemptsInAll),
    'each tells the attempts that were counted',
  )
}
