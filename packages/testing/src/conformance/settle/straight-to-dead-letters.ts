import { PermanentError } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters, recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { runsById, untilDepth } from '../../scenario/settled.js'

/** Enough in a row to open a breaker that would count them. */
const many = 120

class OutOfStock extends PermanentError {
  override readonly name: string = 'OutOfStock'
}

/** S10: one run, no delay, no breaker: what cannot succeed is out of the way at once, also with a policy that would repeat for ever. */
export const nonRetryable: Conformance = defineConformance({
  id: 'S10',
  parallel: true,
  minimum: { messages: 2 * (many + 2), keys: 10 },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
    for (const topic of topics) {
      const client = await scenario.messaging('client')
      const late = scenario.newId()
      const good = scenario.newId()
      const breaker: string[] = []
      const retries: string[] = []
      client.on('breaker', ({ state }) => void breaker.push(state))
      client.on('retry', ({ id }) => void retries.push(id))
      const options = { group: 'all', retry: fixedRetry(600_000) } as const
      const all = await scenario.consume(client, topic, options, async ({ id, payload: { n, key } }, delivery) => {
        if (id === late) {
          if (delivery.attempt === 1) return delivery.retry({ delayMs: 1 })
          throw new PermanentError('the second attempt shows that it cannot succeed')
        }
        if (id === good) return undefined
        const turn = key === null ? n : n * 10 + Number(key.slice(1))
        if (turn % 3 === 0) throw new PermanentError(`cannot ${turn}`, { cause: new Error('inner') })
        if (turn % 3 === 1) throw new OutOfStock(`cannot ${turn}`)
        return delivery.deadLetter(turn % 2 === 0 ? `cannot ${turn}` : new TypeError(`cannot ${turn}`))
      })
      const sent = await scenario.publishAll(client, topic, topic.keyed ? { count: many, keys: 10 } : { count: many })
      for (const id of [late, good])
        sent.concat(
          await scenario.publishOne(client, topic, scenario.item(topic, topic.keyed ? 'other' : null), { id }),
        )
      await scenario.until(
        () => all.subscription.stats().deadLettered === many + 1 && all.done.has(good),
        `${many + 1} dead letters and the message behind them`,
        { saw: () => all.subscription.stats() },
      )
      for (const [id, times] of runsById(all.runs)) assert.equal(times, id === late ? 2 : 1, `runs of ${id}`)
      assert.equal(breaker, [], 'changes of the breaker')
      assert.equal(retries, [late], 'messages with a retry')
      await untilDepth(scenario, topic.name, 'all')
      const letters = await recordDeadLetters(scenario, client, topic, 'all')
      assert.equal(
        letters.map(({ id }) => id).sort(),
        [...sent.map(({ id }) => id), late].sort(),
        'dead letters, each once',
      )
      for (const { id, error, attempts } of letters) {
        if (id === late) {
          assert.equal(attempts, 2, 'attempts of the message that failed for good at the second')
          continue
        }
        const index = sent.findIndex((one) => one.id === id)
        const name = ['PermanentError', 'OutOfStock', index % 2 === 0 ? 'PermanentError' : 'TypeError'][index % 3]
        assert.equal([error?.name, error?.message], [name, `cannot ${index}`], `error of ${id}`)
        assert.atMost(attempts, 1, `attempts of ${id}`)
      }
    }
    scenario.check({
      groups: topics.map(({ name }) => ({ topic: name, group: 'all' })),
      requireSeenDeadLetters: true,
    })
  },
})

const count = 90

/** S11: one group fails, in place, through durable copies, and to the end; two others see every message once, as if nothing were. */
export const onlyTheFailingGroup: Conformance = defineConformance({
  id: 'S11',
  parallel: true,
  minimum: { messages: 3 * count, keys: 9 },
  async run(scenario) {
    const groups = ['failing', 'calm', 'slow']
    const forms = [
      { topic: scenario.keyedTopic({ groups }), placement: 'in-place' },
      { topic: scenario.plainTopic({ groups }), placement: 'in-place' },
      { topic: scenario.plainTopic({ groups }), placement: 'delayed' },
    ] as const
    for (const { topic, placement } of forms) {
      const client = await scenario.messaging('client')
      const sent = await scenario.publishAll(client, topic, topic.keyed ? { count, keys: 9 } : { count })
      const retry = fixedRetry(4, { attempts: 3, placement })
      const failing = await scenario.consume(
        client,
        topic,
        { group: 'failing', retry, breaker: false, concurrency: 20 },
        ({ payload: { n } }, { attempt }) => {
          if (n % 3 === 0 || attempt <= n % 3) throw new Error('again')
        },
      )
      const calm = await scenario.consume(client, topic, { group: 'calm' })
      const dead = sent.filter(({ item }) => item.n % 3 === 0).map(({ id }) => id)
      await scenario.until(
        () => failing.done.size === count - dead.length && failing.subscription.stats().deadLettered === dead.length,
        'the failing group to come to an end',
        { saw: () => failing.subscription.stats() },
      )
      // It comes when all is over, and still gets everything once.
      const slow = await scenario.consume(client, topic, { group: 'slow' })
      await scenario.until(
        () => calm.done.size === count && slow.done.size === count,
        `${count} messages in both groups`,
        {
          saw: () => [calm.done.size, slow.done.size],
        },
      )
      for (const group of groups) await untilDepth(scenario, topic.name, group)
      for (const { runs } of [calm, slow]) {
        assert.equal(runs.length, count, 'deliveries to a group that never failed')
        for (const { id, attempt } of runs) assert.equal(attempt, 1, `attempt of ${id} in a group that never failed`)
      }
      for (const { id, item } of sent) {
        const due = item.n % 3 === 0 ? 3 : (item.n % 3) + 1
        assert.equal(failing.runs.filter((run) => run.id === id).length, due, `runs of ${id} in the failing group`)
      }
      const letters = await recordDeadLetters(scenario, client, topic, 'failing')
      assert.equal(letters.map(({ id }) => id).sort(), [...dead].sort(), 'dead letters of the failing group')
      for (const { originGroup } of letters) assert.equal(originGroup, 'failing', 'group that a dead letter names')
      for (const group of ['calm', 'slow'])
        assert.equal((await listDeadLetters(client, topic, group)).length, 0, `dead letters of ${group}`)
    }
    scenario.check({
      groups: forms.flatMap(({ topic }) => groups.map((group) => ({ topic: topic.name, group }))),
      requireSeenDeadLetters: true,
    })
  },
})
