import { standardHeaders } from '@sluice/core/spi'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import type { Consumption } from '../../scenario/consuming.js'
import { listDeadLetters, payloadOf, recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import type { Published } from '../../scenario/publishing.js'
import { untilDepth } from '../../scenario/settled.js'

const count = 240
const keys = 6

interface Failing {
  readonly topic: ItemTopic<true>
  readonly client: Client
  readonly sent: readonly Published[]
  readonly failing: Consumption<Item>
  readonly calm: Consumption<Item>
  /** From now on the group handles what it gets. */
  heal(): void
}

/** A topic all of whose messages lie among the dead letters of one of its two groups. */
async function allDead(scenario: Scenario, total = count, how: 'by hand' | 'exhausted' = 'by hand'): Promise<Failing> {
  const topic = scenario.keyedTopic({ partitions: 3, groups: ['failing', 'calm'] })
  const client = await scenario.messaging('client')
  let healed = false
  const options = { group: 'failing', breaker: false, retry: fixedRetry(1, { attempts: 2 }), concurrency: 20 } as const
  const failing = await scenario.consume(client, topic, options, async (_, delivery) => {
    if (healed) return
    // Said by hand at the last attempt, the history knows each of the ends of a message that has two.
    if (how === 'by hand' && delivery.attempt === 2) await delivery.deadLetter('not yet')
    else throw new Error('not yet')
  })
  const calm = await scenario.consume(client, topic, { group: 'calm' })
  const sent = await scenario.publishAll(client, topic, {
    count: total,
    keys,
    options: (item) => ({ headers: { 'x-own': `${item.key} ${item.n}` }, correlationId: 'exchange' }),
  })
  await scenario.until(
    () => failing.subscription.stats().deadLettered === total && calm.done.size === total,
    `${total} dead letters`,
    { saw: () => failing.subscription.stats() },
  )
  for (const group of ['failing', 'calm']) await untilDepth(scenario, topic.name, group)
  return { topic, client, sent, failing, calm, heal: () => void (healed = true) }
}

const isThird = ({ n }: Item): boolean => n % 3 === 0

/** S15: what is asked for and nothing else moves, in the order of each key, as it was, to the group that had failed. */
export const redrive: Conformance = defineConformance({
  id: 'S15',
  parallel: true,
  minimum: { messages: count, keys },
  async run(scenario) {
    const { topic, client, sent, failing, calm, heal } = await allDead(scenario)
    const box = client.deadLetters(topic, 'failing')
    const letters = await recordDeadLetters(scenario, client, topic, 'failing')
    const order = letters.map(({ id }) => id)
    const left = async (): Promise<readonly string[]> =>
      (await listDeadLetters(client, topic, 'failing')).map(({ id }) => id)
    assert.equal([...order].sort(), sent.map(({ id }) => id).sort(), 'dead letters before')
    heal()

    assert.equal(await box.redrive({ dryRun: true }), { redriven: count, skipped: 0 }, 'report of a dry run')
    const thirds = letters.filter((letter) => isThird(payloadOf<Item>(letter))).map(({ id }) => id)
    assert.equal(
      await box.redrive({ dryRun: true, filter: (letter) => isThird(payloadOf(letter)) }),
      { redriven: thirds.length, skipped: count - thirds.length },
      'report of a dry run with a filter',
    )
    assert.equal(await box.redrive({ limit: 0 }), { redriven: 0, skipped: 0 }, 'report with the limit 0')
    assert.equal(await left(), order, 'dead letters after dry runs')
    assert.equal(failing.runs.length, 2 * count, 'runs after dry runs')

    await step(10, order.slice(0, 10), { limit: 10 })
    const chosen = thirds.filter((id) => !order.slice(0, 10).includes(id))
    await step(7, chosen.slice(0, 7), { limit: 7, filter: (letter) => isThird(payloadOf(letter)) })
    await step(chosen.length - 7, chosen.slice(7), { filter: (letter) => isThird(payloadOf(letter)) })
    const moved = new Set([...order.slice(0, 10), ...chosen])
    await step(
      count - moved.size,
      order.filter((id) => !moved.has(id)),
      {},
    )
    assert.equal(await left(), [], 'dead letters at the end')
    assert.equal(await box.redrive(), { redriven: 0, skipped: 0 }, 'report of a redrive of nothing')
    assert.equal(failing.done.size, count, 'messages that were handled after all')
    assert.equal(failing.runs.length, 3 * count, 'runs of the failing group')
    assert.equal(calm.runs.length, count, 'runs of the group that had not failed')
    await untilDepth(scenario, topic.name, 'failing')
    await untilDepth(scenario, topic.name, 'calm')
    scenario.check({ groups: ['failing', 'calm'].map((group) => ({ topic: topic.name, group })) })

    async function step(
      total: number,
      ids: readonly string[],
      options: Parameters<typeof box.redrive>[0],
    ): Promise<void> {
      const before = await left()
      const runs = failing.runs.length
      for (const id of ids) scenario.recorder.redriven({ topic: topic.name, id, group: 'failing' })
      const report = await box.redrive(options)
      assert.equal(report.redriven, total, `redriven with ${JSON.stringify(options)}`)
      assert.equal(
        await left(),
        before.filter((id) => !ids.includes(id)),
        'dead letters that were not asked for: all there, in their order',
      )
      await scenario.until(() => failing.runs.length === runs + total, `${total} redriven messages`, {
        saw: () => failing.runs.length - runs,
      })
      const seen = failing.runs.slice(runs)
      assert.equal(seen.map(({ id }) => id).sort(), [...ids].sort(), 'ids that came again')
      expectAsBefore(seen)
    }
  },
})

/** Redriven messages are what they were, count anew, and keep the order of their key. */
function expectAsBefore(runs: Consumption<Item>['runs']): void {
  const next = new Map<string | null, number>()
  for (const { id, attempt, message } of runs) {
    const { key, n } = message.payload
    assert.equal(attempt, 1, `attempt of ${id}`)
    assert.equal(
      message.headers,
      Object.assign(Object.create(null), { 'x-own': `${key} ${n}` }) as object,
      `headers of ${id}`,
    )
    assert.equal(message.correlationId, 'exchange', `correlation id of ${id}`)
    assert.equal(message.key, key, `key of ${id}`)
    const told = message.rawHeaders.map(([name]) => name)
    for (const name of [
      standardHeaders.reason,
      standardHeaders.errorMessage,
      standardHeaders.failures,
      standardHeaders.attempts,
    ])
      assert.ok(!told.includes(name), `${id} does not carry ${name} any more`)
    assert.atLeast(n, next.get(key) ?? 0, `number of the next redriven message of key ${key}`)
    next.set(key, n + 1)
  }
}

/** S15: a message that fails again goes back among the dead letters, counts from one, and is not redriven twice by one call. */
export const redrivenFailsAgain: Conformance = defineConformance({
  id: 'S15',
  part: 'again',
  parallel: true,
  minimum: { messages: 60, keys },
  async run(scenario) {
    const { topic, client, sent, failing, heal } = await allDead(scenario, 60, 'exhausted')
    const box = client.deadLetters(topic, 'failing')
    for (let round = 2; round <= 3; round++) {
      const report = await box.redrive()
      assert.equal(report, { redriven: 60, skipped: 0 }, `report of redrive ${round - 1}`)
      await scenario.until(
        () => failing.subscription.stats().deadLettered === 60 * round,
        'all to be dead letters again',
      )
      const letters = await listDeadLetters(client, topic, 'failing')
      assert.equal(letters.map(({ id }) => id).sort(), sent.map(({ id }) => id).sort(), 'dead letters')
      for (const { id, attempts, headers } of letters) {
        assert.equal(attempts, 2, `attempts of ${id} since its redrive`)
        for (const name of [standardHeaders.reason, standardHeaders.attempts, standardHeaders.originGroup])
          assert.equal(headers.filter(([found]) => found === name).length, 1, `values of ${name} of ${id}`)
      }
    }
    assert.equal(failing.runs.length, 60 * 2 * 3, 'runs')
    heal()
    assert.equal((await box.purge({ filter: ({ key }) => key === 'k0' })).purged, 60 / keys, 'purged with a filter')
    const { redriven } = await box.redrive()
    assert.equal(redriven, 60 - 60 / keys, 'redriven after the purge')
    await scenario.until(() => failing.done.size === redriven, 'all others to be handled')
    assert.equal((await listDeadLetters(client, topic, 'failing')).length, 0, 'dead letters at the end')
  },
})

/** S15: stopped by its caller, and by the end of its process, and begun again: some may come twice, none is lost. */
export const redriveInterrupted: Conformance = defineConformance({
  id: 'S15',
  part: 'interrupted',
  needs: { faults: ['kill', 'slowSends'] },
  minimum: { messages: count, keys, faults: 3 },
  async run(scenario) {
    const { topic, client, sent, failing, heal } = await allDead(scenario)
    const handled = (): number => failing.done.size
    const left = async (): Promise<readonly string[]> =>
      (await listDeadLetters(client, topic, 'failing')).map(({ id }) => id)
    const before = await recordDeadLetters(scenario, client, topic, 'failing')
    heal()

    const abort = new AbortController()
    const stopped = client.deadLetters(topic, 'failing').redrive({
      signal: abort.signal,
      perSecond: 400,
      filter: () => true,
    })
    await scenario.until(() => handled() >= 20, 'a part to be redriven')
    abort.abort()
    const { redriven } = await stopped
    assert.ok(redriven >= 20 && redriven < count, `a part was redriven: ${redriven}`)
    await scenario.until(() => handled() === redriven, 'what was redriven to be handled')
    const first = before.map(({ id }) => id)
    assert.equal(await left(), first.slice(redriven), 'dead letters that are left: the rest, in order')
    assert.equal(failing.runs.length, 2 * count + redriven, 'runs: a stop between two letters repeats nothing')

    const stopSlow = await scenario.faults.slowSends(2)
    for (let kill = 0; kill < 3; kill++) {
      const operator = await scenario.messaging('operator')
      const soFar = handled()
      void operator
        .deadLetters(topic, 'failing')
        .redrive()
        .catch(() => undefined)
      await scenario.until(() => handled() > soFar, 'the next redrive to have begun')
      await scenario.faults.kill(operator)
      const there = new Set(await left())
      // Sent and confirmed, or still there, or both.
      await scenario.until(
        () => sent.every(({ id }) => failing.done.has(id) || there.has(id)),
        'every message to be handled or among the dead letters',
        { saw: () => sent.filter(({ id }) => !failing.done.has(id) && !there.has(id)).map(({ id }) => id) },
      )
    }
    await stopSlow()
    await client.deadLetters(topic, 'failing').redrive()
    await scenario.until(() => handled() === count, 'everything', { saw: handled })
    assert.equal(await left(), [], 'dead letters at the end')
    await untilDepth(scenario, topic.name, 'failing')
    const extra = failing.runs.length - 3 * count
    assert.ok(extra >= 0 && extra <= 3 * 100, `messages that came twice: ${extra}, at most a page for each kill`)
  },
})
