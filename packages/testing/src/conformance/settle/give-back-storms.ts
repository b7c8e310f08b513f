import { systemClock, type DeadLetter } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters, recordDeadLetters } from '../../scenario/dead-letters.js'
import { hastyClock } from '../../scenario/hasty-clock.js'
import type { ItemTopic } from '../../scenario/item.js'
import { runsById, untilDepth } from '../../scenario/settled.js'

const storm = 300

/**
 * S5: a consumer that gives back everything it gets, and leaves. On brokers that take single deliveries back they go there, on others
 * the claims are given up; the next consumer sees the same: all of it, in order, untouched.
 */
export const giveBackStorm: Conformance = defineConformance({
  id: 'S5',
  parallel: true,
  minimum: { messages: 4 * storm, keys: 30 },
  async run(scenario) {
    const topics = [
      scenario.keyedTopic({ partitions: 4, groups: ['all'] }),
      scenario.plainTopic({ groups: ['all'] }),
      scenario.keyedTopic({ partitions: 4, groups: ['all'] }),
      scenario.plainTopic({ groups: ['all'] }),
    ]
    for (const [index, topic] of topics.entries()) {
      const publisher = await scenario.messaging('publisher')
      const sent = await scenario.publishAll(
        publisher,
        topic,
        topic.keyed ? { count: storm, keys: 30 } : { count: storm },
      )
      const unwilling = await scenario.messaging('unwilling')
      const options = { group: 'all', retry: false, window: { messages: 1_000 } } as const
      const first = await scenario.consume(unwilling, topic, { ...options, concurrency: storm }, (_, delivery) =>
        delivery.giveBack(),
      )
      const refused = (): number => first.subscription.stats().givenBack
      await scenario.until(() => refused() >= storm, `${storm} give-backs`, { saw: refused })
      // Once with everything that was given back waiting here, once as a process that is gone without a word.
      if (index < 2 || scenario.harness.faults.kill === undefined) {
        const report = await unwilling.close()
        assert.equal([report.clean, report.leftRunning], [true, 0], 'report of the close: clean, running')
      } else await scenario.faults.kill(unwilling)

      const fresh = await scenario.consume(await scenario.messaging('fresh'), topic, options)
      await scenario.until(() => fresh.done.size === storm, `${storm} messages`, { saw: () => fresh.done.size })
      assert.equal(fresh.runs.length, storm, 'deliveries to the fresh consumer')
      for (const { id, attempt } of fresh.runs) assert.equal(attempt, 1, `attempt of ${id}`)
      for (const { id } of sent) assert.ok(fresh.done.has(id), `${id} has arrived`)
      await untilDepth(scenario, topic.name, 'all')
      assert.equal((await recordDeadLetters(scenario, publisher, topic, 'all')).length, 0, 'dead letters')
    }
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

/** Some brokers keep headers as a table: only those of one name have an order. */
function inOneOrder(letter: DeadLetter): DeadLetter {
  return { ...letter, headers: letter.headers.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}

const many = 1_200
const haste = 80

/**
 * S19: what brokers count and limit by themselves must end nothing. The floor of give-backs is 100 ms, so the clock of the consumer runs
 * eighty times as fast; its connections live in the time of the broker.
 */
export const patience: Conformance = defineConformance({
  id: 'S19',
  minimum: { messages: 60 },
  timeoutMs: 120_000,
  async run(scenario) {
    const keyed = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const giveBackAgainAndAgain = async (topic: ItemTopic<boolean>): Promise<void> => {
      await scenario.publishAll(publisher, topic, topic.keyed ? { count: 10, keys: 2 } : { count: 10 })
      let came = 0
      // Its deadlines are as hasty, and the broker is not.
      const patience = scenario.harness.timings.patienceMs * haste
      const times = { startupTimeoutMs: patience, publishTimeoutMs: patience }
      const hasty = await scenario.messaging('hasty', { ...times, clock: hastyClock(haste), adapterClock: systemClock })
      const all = await scenario.consume(
        hasty,
        topic,
        { group: 'all', retry: false },
        async ({ payload }, delivery) => {
          if (payload.n !== 0 || (payload.key !== null && payload.key !== 'k0')) return
          if (came++ < many) await delivery.giveBack()
        },
      )
      await scenario.until(() => all.done.size === 10, `${many} give-backs`, {
        timeoutMs: 60_000,
        saw: () => all.subscription.stats(),
      })
      const [most] = [...runsById(all.runs).values()].sort((a, b) => b - a)
      assert.equal(most, many + 1, 'deliveries of the message that was given back')
      assert.equal(all.runs.length, many + 10, 'deliveries')
      for (const { id, attempt } of all.runs) assert.equal(attempt, 1, `attempt of ${id}`)
      await untilDepth(scenario, topic.name, 'all')
      assert.equal((await listDeadLetters(publisher, topic, 'all')).length, 0, 'dead letters')
      await hasty.close({ deadlineMs: patience })
    }
    await Promise.all([keyed, plain].map(giveBackAgainAndAgain))

    const topic = scenario.keyedTopic({ groups: ['all'] })
    const all = await scenario.consume(publisher, topic, { group: 'all' }, (_, delivery) => delivery.deadLetter('no'))
    const sent = await scenario.publishAll(publisher, topic, { count: 40, keys: 4 })
    await scenario.until(() => all.subscription.stats().deadLettered === 40, '40 dead letters')
    const first = await listDeadLetters(publisher, topic, 'all')
    assert.equal(first.map(({ id }) => id).sort(), sent.map(({ id }) => id).sort(), 'ids of the dead letters')
    for (let listing = 1; listing < many; listing++) {
      const { letters, next } = await publisher.deadLetters(topic, 'all').list({ limit: 40 })
      assert.equal(next, undefined, 'a next page behind the last letter')
      assert.equal(letters.map(inOneOrder), first.map(inOneOrder), `listing ${listing}`)
    }
    const report = await publisher.deadLetters(topic, 'all').redrive({ dryRun: true })
    assert.equal(report, { redriven: 40, skipped: 0 }, 'report of a dry run of the redrive')
    assert.equal((await recordDeadLetters(scenario, publisher, topic, 'all')).length, 40, 'dead letters at the end')
    scenario.check({ groups: [keyed, plain, topic].map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})
