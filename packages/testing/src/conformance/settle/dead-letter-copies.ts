import { PermanentError } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { startPacedLoad } from '../../scenario/paced-load.js'
import type { Client } from '../../scenario/clients.js'
import { listDeadLetters, payloadOf, recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { runsById, untilDepth } from '../../scenario/settled.js'

const count = 600
const keys = 20

/** S8 without a fault: every message that fails lies there exactly once, in the order of its key, and no other does. */
export const deadLetterCopies: Conformance = defineConformance({
  id: 'S8',
  parallel: true,
  minimum: { messages: 2 * count, keys },
  async run(scenario) {
    const keyed = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    for (const topic of [keyed, plain]) {
      const client = await scenario.messaging('client')
      const options = { group: 'all', concurrency: 30, breaker: false, retry: fixedRetry(2, { attempts: 3 }) } as const
      const all = await scenario.consume(client, topic, options, async ({ payload: { n } }, delivery) => {
        await takes(n % 3)
        if (n % 5 === 0) throw new PermanentError('no')
        if (n % 5 === 1) throw new Error('not today')
        if (n % 5 === 2) await delivery.deadLetter('by hand')
      })
      const sent = await scenario.publishAll(client, topic, topic.keyed ? { count, keys } : { count })
      const bad = sent.filter(({ item }) => item.n % 5 < 3)
      await scenario.until(
        () => all.done.size === count - bad.length && all.subscription.stats().deadLettered === bad.length,
        `${bad.length} dead letters`,
        { saw: () => all.subscription.stats() },
      )
      await untilDepth(scenario, topic.name, 'all')
      const letters = await recordDeadLetters(scenario, client, topic, 'all')
      assert.equal(letters.map(({ id }) => id).sort(), bad.map(({ id }) => id).sort(), 'dead letters, each once')
      if (topic.keyed) expectOrder(letters)
      const stored = await scenario.inspect.deadLetters?.(topic.name, 'all')
      if (stored !== undefined) assert.equal(stored.length, bad.length, 'dead letters that the broker has')
      const times = runsById(all.runs)
      for (const { id, item } of sent)
        assert.equal(times.get(id), item.n % 5 === 1 ? 3 : 1, `runs of ${id}, number ${item.n}`)
    }
    scenario.check({
      groups: [keyed, plain].map(({ name }) => ({ topic: name, group: 'all' })),
      requireSeenDeadLetters: true,
    })
  },
})

/** First copies of a key lie there in the order of its messages. */
function expectOrder(letters: Awaited<ReturnType<typeof listDeadLetters>>): void {
  const next = new Map<string | null, number>()
  const seen = new Set<string>()
  for (const letter of letters) {
    if (seen.has(letter.id)) continue
    seen.add(letter.id)
    const { key, n } = payloadOf<Item>(letter)
    assert.atLeast(n, next.get(key) ?? 0, `number of the next dead letter of key ${key}`)
    next.set(key, n + 1)
  }
}

/** How long a copy takes: so that the broker can be asked several times meanwhile, also one that takes its time to answer. */
const slowMsOf = ({ harness }: Scenario): number => 250 * (harness.timeFactor ?? 1)

/** S8: while the broker has not confirmed the copy, the original stays, and the next of its key waits. */
export const originalWaits: Conformance = defineConformance({
  id: 'S8',
  part: 'unconfirmed',
  needs: { faults: ['slowSends', 'kill'] },
  minimum: { messages: 2 * 6 },
  async run(scenario) {
    const slowMs = slowMsOf(scenario)
    for (const topic of [scenario.keyedTopic({ groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]) {
      const client = await scenario.messaging('client')
      const publisher = await scenario.messaging('publisher')
      const sent = []
      for (let n = 0; n < 6; n++) {
        const payload = scenario.item(topic, topic.keyed ? 'k0' : null)
        sent.push(await scenario.publishOne(publisher, topic, payload))
      }
      const stop = await scenario.faults.slowSends(slowMs)
      const all = await scenario.consume(client, topic, { group: 'all', retry: false }, ({ payload: { n } }) => {
        if (n === 0) throw new PermanentError('no')
      })
      await scenario.until(() => all.runs.some(({ outcome }) => outcome === 'failed'), 'the first message to fail')
      const failedMs = performance.now()
      const { inspect } = scenario
      const rest = topic.keyed ? 6 : 1
      let looks = 0
      await scenario.until(async () => {
        // Asked in this order, so that a copy that is confirmed between the two questions accuses nobody.
        const confirmed = all.subscription.stats().deadLettered
        const running = all.runs.length
        const depth = await inspect.depth?.(topic.name, 'all')
        const stored = await inspect.deadLetters?.(topic.name, 'all')
        if (stored?.length === 1 || performance.now() - failedMs >= slowMs) return true
        looks++
        assert.equal(confirmed, 0, 'dead letters that count as confirmed before the broker has one')
        if (topic.keyed) assert.equal(running, 1, 'runs of the key while the copy of its first message is unconfirmed')
        if (depth !== undefined) assert.atLeast(depth, rest, 'unsettled messages while the copy is unconfirmed')
        return false
      }, 'the copy to be stored')
      assert.atLeast(looks, 3, 'looks at the broker while the copy was on its way')
      await scenario.until(() => all.done.size === 5, 'the messages behind the failed one')
      await untilDepth(scenario, topic.name, 'all')
      await stop()
      const letters = await recordDeadLetters(scenario, client, topic, 'all')
      assert.equal(
        letters.map(({ id }) => id),
        [sent[0]?.id],
        'dead letters',
      )
    }
    await killedMeanwhile(scenario)
    scenario.check()
  },
})

/** The process ends while the copy is on its way: the original comes again. */
async function killedMeanwhile(scenario: Scenario): Promise<void> {
  const topic = scenario.keyedTopic({ groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  const [sent] = await scenario.publishAll(publisher, topic, { count: 1 })
  const stop = await scenario.faults.slowSends(60_000)
  const killed = await scenario.messaging('killed')
  const first = await scenario.consume(killed, topic, { group: 'all', retry: false }, () => {
    throw new PermanentError('no')
  })
  await scenario.until(() => first.runs[0]?.outcome === 'failed', 'the message to fail')
  await takes(0)
  await scenario.faults.kill(killed)
  await stop()
  const second = await scenario.consume(await scenario.messaging('second'), topic, { group: 'all' })
  await scenario.until(() => second.done.size === 1, 'the message whose copy was never confirmed')
  assert.equal(second.runs[0]?.id, sent?.id, 'message that came again')
}

/** S8: copies that the broker refuses, that are lost, and whose fate stays unknown: the original stays until one is confirmed. */
export const failedCopies: Conformance = defineConformance({
  id: 'S8',
  part: 'failed',
  needs: { faults: ['failSends'] },
  parallel: true,
  minimum: { messages: 20, keys: 4, faults: 4 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const client = await scenario.messaging('client')
    const ids = Array.from({ length: 20 }, () => scenario.newId())
    const rule = { client, to: 'dead-letter', topic: topic.name, times: 1 } as const
    const [refused = '', lost = '', unanswered = '', unclear = ''] = ids
    await scenario.faults.failSends({ ...rule, outcome: 'refused', ids: [refused], times: 2 })
    await scenario.faults.failSends({ ...rule, outcome: 'lost', ids: [lost] })
    await scenario.faults.failSends({ ...rule, outcome: 'answer-lost', ids: [unanswered] })
    // Lost, and refused when it is sent again: whether the first one was stored is not known, so the copy has failed as uncertain.
    await scenario.faults.failSends({ ...rule, outcome: 'lost', inMiddle: true, ids: [unclear] })
    await scenario.faults.failSends({ ...rule, outcome: 'refused', ids: [unclear] })
    const failures: string[] = []
    const stuck = new Set<string>()
    const watchHealth = async (): Promise<void> => {
      for (const { stuck: keysStuck } of client.health().subscriptions)
        for (const { id, reason } of keysStuck) if (reason === 'dead-letter-failed') stuck.add(id)
      const stored = await scenario.inspect.deadLetters?.(topic.name, 'all')
      const depth = await scenario.inspect.depth?.(topic.name, 'all')
      if (stored === undefined || depth === undefined) return
      assert.atLeast(new Set(stored).size + depth + all.done.size, ids.length, 'messages that are somewhere')
    }
    client.on('deadLetterFailed', ({ id, error }) => void failures.push(`${id} ${error.code}`))
    const options = { group: 'all', retry: false, breaker: false } as const
    const sent = await scenario.publishAll(client, topic, {
      count: 20,
      keys: 4,
      options: (_, index) => ({ id: ids[index] ?? '' }),
    })
    const all = await scenario.consume(client, topic, options, ({ payload: { n } }) => {
      if (n < 2) throw new PermanentError('no')
    })
    const bad = sent.filter(({ item }) => item.n < 2).map(({ id }) => id)
    await scenario.until(
      async () => {
        await watchHealth()
        return all.subscription.stats().deadLettered === bad.length && all.done.size === ids.length - bad.length
      },
      `${bad.length} dead letters and all others`,
      { saw: () => [all.subscription.stats(), failures] },
    )
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(
      failures.filter((one) => one.startsWith(`${refused} `)).length,
      2,
      'failures of the copy that was refused',
    )
    assert.equal(
      failures.filter((one) => one.startsWith(`${unclear} `)),
      [`${unclear} UNCERTAIN`],
      'failures of the copy whose fate stayed unknown',
    )
    assert.equal([...stuck].sort(), [refused, unclear].sort(), 'messages that health called stuck meanwhile')
    const letters = await recordDeadLetters(scenario, client, topic, 'all')
    const copies = runsById(letters)
    assert.equal([...copies.keys()].sort(), [...bad].sort(), 'dead letters')
    for (const [id, times] of copies) assert.atMost(times, id === unanswered ? 2 : 1, `copies of ${id}`)
    expectOrder(letters)
    assert.equal(all.runs.length, ids.length, 'runs: a copy that failed is tried again, not the handler')
    assert.equal(client.health().status, 'up', 'health at the end')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], requireSeenDeadLetters: true })
  },
})

/** S8: processes that are killed while a part of the messages fails: nothing is in neither place. */
export const copiesAndKills: Conformance = defineConformance({
  id: 'S8',
  part: 'kills',
  needs: { faults: ['kill'] },
  minimum: { messages: 500, keys: 16, faults: 5 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const load = await startPacedLoad(scenario, publisher, topic, { keys: 100 })
    const finished = new Set<string>()
    let current = await begin(scenario, topic, finished)
    for (let kill = 0; kill < scenario.kills; kill++) {
      const enough = finished.size + 100 + Math.floor(scenario.random() * 200)
      await scenario.until(() => finished.size > enough, `messages before kill ${kill + 1}`)
      await scenario.faults.underLoad('the kill', async () => {
        await scenario.faults.kill(current)
        current = await begin(scenario, topic, finished)
      })
    }
    const results = await load.stop()
    await untilDepth(scenario, topic.name, 'all')
    const bad = results.filter(({ item }) => item.n % 4 === 0).map(({ id }) => id)
    let letters = await listDeadLetters(current, topic, 'all')
    await scenario.until(
      async () => {
        letters = await listDeadLetters(current, topic, 'all')
        const there = new Set(letters.map(({ id }) => id))
        return bad.every((id) => there.has(id)) && results.every(({ id }) => there.has(id) || finished.has(id))
      },
      'every message to be handled or among the dead letters',
      { saw: () => [bad.length, letters.length, finished.size, results.length] },
    )
    await untilDepth(scenario, topic.name, 'all')
    letters = await recordDeadLetters(scenario, current, topic, 'all')
    assert.equal([...new Set(letters.map(({ id }) => id))].sort(), [...bad].sort(), 'ids of the dead letters')
    expectOrder(letters)
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], requireSeenDeadLetters: true })
  },
})

/** A consumer that dead-letters every fourth message of each key. */
async function begin(scenario: Scenario, topic: ItemTopic<true>, finished: Set<string>): Promise<Client> {
  const client = await scenario.messaging('consumer')
  const into = { runs: [], done: finished }
  const options = { group: 'all', concurrency: 100, breaker: false, retry: false } as const
  const body = async ({ payload: { n } }: { payload: Item }): Promise<void> => {
    await takes(scenario.random() < 0.05 ? 4 : 0)
    if (n % 4 === 0) throw new PermanentError('every fourth')
  }
  await scenario.consume(client, topic, options, body, into)
  return client
}
