import type { Message } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { recordBatches } from '../../scenario/batches.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const count = 1_500
const keys = 12

/**
 * O15: batches with several messages of a key, of which chance acks, retries, gives back, dead-letters some and fails others whole. A
 * key is in one running batch with a run of consecutive messages, and the first that is not done takes the later ones back with it.
 */
export const keyedBatches: Conformance = defineConformance({
  id: 'O15',
  minimum: { messages: count, keys },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const publisher = await scenario.messaging('publisher')
    await scenario.publishAll(publisher, topic, { count: count / 2, keys })
    const busy = new Set<string>()
    /** Number of the next message that each key has to get. */
    const due = new Map<string, number>()
    const doomed = new Set<string>()
    const mistakes: string[] = []
    let most = 0
    let open = 0
    let tails = 0
    const instance = scenario.nameOf(client)
    const { handler, calls } = recordBatches<Message<Item>>(scenario.recorder, instance, 'all', async (members) => {
      most = Math.max(most, ++open)
      const byKey = new Map<string, (typeof members)[number][]>()
      for (const delivery of members) {
        const key = delivery.message.payload.key ?? ''
        byKey.set(key, [...(byKey.get(key) ?? []), delivery])
      }
      for (const [key, run] of byKey) {
        if (busy.has(key)) mistakes.push(`${key} is in two running batches`)
        busy.add(key)
        const numbers = run.map(({ message }) => message.payload.n)
        const first = due.get(key) ?? 0
        const wanted = numbers.map((_, index) => first + index)
        if (numbers.join() !== wanted.join()) mistakes.push(`${key}: ${numbers.join()} in place of ${wanted.join()}`)
      }
      await takes(scenario.random() * 4)
      const whole = scenario.random() < 0.08
      for (const [key, run] of byKey) {
        let done = due.get(key) ?? 0
        let broken = false
        for (const delivery of run) {
          const chance = scenario.random()
          if (broken) {
            // Settled as done behind one that is not: it has to come again all the same.
            tails++
            if (chance < 0.5) await delivery.ack()
          } else if (chance < 0.04) {
            broken = true
            await delivery.retry({ delayMs: 3 })
          } else if (chance < 0.05) {
            broken = true
            await delivery.giveBack()
          } else if (chance < 0.06) {
            doomed.add(delivery.message.id)
            await delivery.deadLetter('as chance would have it')
            done++
          } else if (chance < 0.5) {
            await delivery.ack()
            done++
          } else if (whole) broken = true
          else done++
        }
        due.set(key, done)
        busy.delete(key)
      }
      open--
      if (whole) throw new Error('the whole batch')
    })
    const options = {
      ...{ group: 'all', concurrency: 4, maxSize: 20, maxWaitMs: 5 },
      ...{ retry: fixedRetry(2), breaker: false as const },
    }
    const subscription = await client.subscribeBatch(topic, options, handler)
    await scenario.publishAll(publisher, topic, { count: count / 2, keys })
    const finished = (): number => subscription.stats().acked + subscription.stats().deadLettered
    await scenario.until(() => finished() >= count || mistakes.length > 0, 'every message to have its end', {
      saw: () => [finished(), subscription.stats()],
      timeoutMs: 20_000,
    })
    assert.equal(mistakes, [], 'keys in two batches, or out of order in one')
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(
      [finished(), [...due.values()].reduce((sum, n) => sum + n, 0)],
      [count, count],
      'messages with an end, as the subscription and as the handler counts them',
    )
    const letters = await recordDeadLetters(scenario, client, topic, 'all')
    assert.equal(letters.map(({ id }) => id).toSorted(), [...doomed].toSorted(), 'dead letters')
    assert.atLeast(tails, 10, 'members behind one of their key that was not done')
    assert.atLeast(calls.filter(({ threw }) => threw).length, 3, 'batches that threw')
    assert.atMost(most, 4, 'calls at once')
    assert.atLeast(most, 2, 'calls at once')
    const shared = calls.filter(
      ({ members }) => new Set(members.map(({ message }) => message.payload.key)).size < members.length,
    )
    assert.atLeast(shared.length, 10, 'batches with several messages of a key')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], requireSeenDeadLetters: true })
  },
})
