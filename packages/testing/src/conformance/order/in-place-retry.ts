import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { takes } from '../../scenario/handler-work.js'

const concurrency = 4
const failing = 10
const good = 20
const each = 25
const delayMs = 25

/**
 * O3: more keys fail again and again than there are slots. Their lanes stand still, also for what is published while they wait for
 * their retry; all other keys go on to their end, in every slot.
 */
export const inPlaceRetry: Conformance = defineConformance({
  id: 'O3',
  parallel: true,
  minimum: { messages: good * each + failing * 4, keys: good + failing },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
    const client = await scenario.messaging('both')
    let healed = false
    let open = 0
    let most = 0
    const failures = new Map<string, number>()
    const options = { group: 'all', concurrency, retry: fixedRetry(delayMs), breaker: false as const }
    const all = await scenario.consume(client, topic, options, async ({ id, payload }) => {
      most = Math.max(most, ++open)
      try {
        await takes(scenario.random() * 2)
        if (payload.key?.startsWith('bad') !== true || payload.n % 2 === 1 || healed) return
        failures.set(id, (failures.get(id) ?? 0) + 1)
        throw new Error('not yet')
      } finally {
        open--
      }
    })
    const publish = async (name: string, keys: number, count: number): Promise<void> => {
      const items = Array.from({ length: count }, () =>
        Array.from({ length: keys }, (_, key) => scenario.item(topic, `${name}${key}`)),
      ).flat()
      await Promise.all(items.map((item) => scenario.publishOne(client, topic, item)))
    }
    await publish('bad', failing, 2)
    await scenario.until(() => failures.size === failing, 'every failing key to have failed')
    await publish('bad', failing, 2)
    await publish('good', good, each)
    await scenario.until(() => all.done.size === good * each, 'all messages of the other keys', {
      saw: () => [all.done.size, all.subscription.stats()],
    })
    // Fail on, more often than there are slots, with everything behind them waiting.
    await scenario.until(() => [...failures.values()].every((times) => times >= 4), 'every failing key to fail again', {
      saw: () => [...failures.values()],
    })
    assert.equal(failures.size, failing, 'messages that have failed: the first of each failing key')
    assert.equal(all.done.size, good * each, 'messages done: none of a failing key')
    assert.ok(
      all.runs.every(({ message }) => message.payload.key?.startsWith('bad') !== true || message.payload.n === 0),
      'nothing of a failing key starts behind its first message',
    )
    assert.atLeast(all.subscription.stats().waiting, failing * 3, 'messages that wait behind the failing ones')
    healed = true
    const count = good * each + failing * 4
    await scenario.until(() => all.done.size === count, 'everything when nothing fails any more', {
      saw: () => all.done.size,
    })
    assert.equal(most, concurrency, 'handlers at once')
    for (let key = 0; key < failing; key++) {
      const runs = all.runs.filter(({ message }) => message.payload.key === `bad${key}`)
      const firsts = runs.filter(({ message }) => message.payload.n === 0)
      assert.equal(
        firsts.map(({ attempt }) => attempt),
        firsts.map((_, index) => index + 1),
        'attempts of a message that failed, each counted once',
      )
      assert.equal(
        runs.slice(firsts.length).map(({ message, attempt }) => [message.payload.n, attempt]),
        [
          [1, 1],
          [2, 1],
          [3, 1],
        ],
        'numbers and attempts behind it',
      )
      for (const [index, run] of firsts.entries()) {
        const before = firsts[index - 1]
        if (before === undefined) continue
        assert.atLeast(run.startedMs - (before.endedMs ?? Infinity), delayMs - 1, 'ms between two attempts')
      }
    }
    const retried = [...failures.values()].reduce((sum, times) => sum + times, 0)
    const stats = all.subscription.stats()
    assert.equal([stats.retried, stats.acked, stats.deadLettered], [retried, count, 0], 'retried, acked, dead-lettered')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/** O3: more retries wait than there are slots, and longer than anybody would: all slots are free for the other keys meanwhile. */
export const retryHoldsNoSlot: Conformance = defineConformance({
  id: 'O3',
  part: 'slots',
  parallel: true,
  minimum: { messages: good * each + failing * 2, keys: good + failing },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
    const client = await scenario.messaging('both')
    let open = 0
    let most = 0
    const hour = 3_600_000
    const options = { group: 'all', concurrency, retry: fixedRetry(hour), breaker: false as const }
    const all = await scenario.consume(client, topic, options, async ({ payload }) => {
      most = Math.max(most, ++open)
      await takes(1)
      open--
      if (payload.key?.startsWith('bad') === true) throw new Error('in an hour')
    })
    const bad = Array.from({ length: 2 }, () =>
      Array.from({ length: failing }, (_, key) => scenario.item(topic, `bad${key}`)),
    ).flat()
    await Promise.all(bad.map((item) => scenario.publishOne(client, topic, item)))
    await scenario.until(() => all.subscription.stats().held === failing, 'a message of every failing key to wait', {
      saw: () => all.subscription.stats(),
    })
    most = 0
    await scenario.publishAll(client, topic, { count: good * each, keys: good })
    await scenario.until(() => all.done.size === good * each, 'all messages of the other keys', {
      saw: () => [all.done.size, all.subscription.stats()],
    })
    const { running, held, waiting, retried } = all.subscription.stats()
    assert.equal([running, held, waiting, retried], [0, failing, failing, failing], 'running, held, waiting, retried')
    assert.equal([most, all.runs.length], [concurrency, failing + good * each], 'handlers at once, runs')

    const report = await client.close()
    assert.equal([report.clean, report.leftWaiting], [true, failing * 2], 'report of the close: clean, left')
    const next = await scenario.consume(await scenario.messaging('next'), topic, { group: 'all' })
    await scenario.until(() => next.done.size === failing * 2, 'what waited, elsewhere')
    assert.equal(next.runs.length, failing * 2, 'deliveries elsewhere')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
