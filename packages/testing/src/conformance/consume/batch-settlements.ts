import type { Message } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { recordBatches, type BatchMember } from '../../scenario/batches.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

type Fate = 'ack' | 'nothing' | 'retry' | 'give-back' | 'dead-letter'

const fates: readonly Fate[] = ['ack', 'nothing', 'retry', 'give-back', 'dead-letter']
const count = 500

/** C11: every member of a batch has a settlement of its own, and none settles for its neighbours. */
export const batchSettlements: Conformance = defineConformance({
  id: 'C11',
  part: 'settle',
  parallel: true,
  minimum: { messages: count },
  async run(scenario) {
    const topic = scenario.plainTopic({ groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const fateOf = ({ n }: Item): Fate => fates[n % fates.length] as Fate
    const seen = new Map<string, BatchMember<Message<Item>>[]>()
    const instance = scenario.nameOf(client)
    const { handler, calls } = recordBatches<Message<Item>>(
      scenario.recorder,
      instance,
      'all',
      async (members, call) => {
        for (const member of call.members) seen.set(member.id, [...(seen.get(member.id) ?? []), member])
        for (const delivery of members) {
          const first = seen.get(delivery.message.id)?.length === 1
          const fate = first ? fateOf(delivery.message.payload) : 'nothing'
          if (fate === 'ack') await delivery.ack()
          else if (fate === 'retry') await delivery.retry({ delayMs: 5 })
          else if (fate === 'give-back') await delivery.giveBack()
          else if (fate === 'dead-letter') await delivery.deadLetter('by the handler')
        }
      },
    )
    const options = { group: 'all', maxSize: 20, maxWaitMs: 20, retry: fixedRetry(1, { attempts: 3 }) }
    const subscription = await client.subscribeBatch(topic, options, handler)
    const sent = await scenario.publishAll(client, topic, { count })
    const stats = (): readonly number[] => {
      const { acked, retried, givenBack, deadLettered } = subscription.stats()
      return [acked, retried, givenBack, deadLettered]
    }
    const share = count / fates.length
    await scenario.until(() => stats()[0] === 4 * share && stats()[3] === share, 'every message to have its end', {
      saw: stats,
    })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(stats(), [4 * share, share, share, share], 'acked, retried, given back, dead-lettered')
    for (const { id, item } of sent) {
      const attempts = seen.get(id)?.map(({ attempt }) => attempt)
      const fate = fateOf(item)
      const due = fate === 'retry' ? [1, 2] : fate === 'give-back' ? [1, 1] : [1]
      assert.equal(attempts, due, `attempts of a message whose first settlement is: ${fate}`)
    }
    const letters = await recordDeadLetters(scenario, client, topic, 'all')
    const doomed = sent.filter(({ item }) => fateOf(item) === 'dead-letter')
    assert.equal(letters.map(({ id }) => id).toSorted(), doomed.map(({ id }) => id).toSorted(), 'dead letters')
    assert.ok(
      letters.every(({ reason, error }) => `${reason} ${error?.message}`.includes('by the handler')),
      `dead letters carry the reason: ${letters[0]?.reason}`,
    )
    assert.atLeast(Math.max(...calls.map(({ members }) => members.length)), 10, 'members of the largest batch')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], requireSeenDeadLetters: true })
  },
})

const poisons = 15

/**
 * C11: a batch that throws comes back member by member. Who was not to blame has lost no attempt, however many poisoned neighbours it
 * had; who is to blame runs out of attempts alone; who had settled before is not asked again.
 */
export const batchThrows: Conformance = defineConformance({
  id: 'C11',
  part: 'throw',
  parallel: true,
  minimum: { messages: count },
  async run(scenario) {
    const attempts = 3
    const topic = scenario.plainTopic({ groups: ['all'] })
    const client = await scenario.messaging('consumer')
    // Poisons lie scattered, and every tenth message settles itself before the batch throws.
    const isPoison = ({ n }: Item): boolean => n % 33 === 7
    const settlesEarly = ({ n }: Item): boolean => n % 10 === 2 && !isPoison({ key: null, n })
    await scenario.publishAll(client, topic, { count: count - 5 })
    const instance = scenario.nameOf(client)
    const { handler, calls } = recordBatches<Message<Item>>(scenario.recorder, instance, 'all', async (members) => {
      for (const delivery of members) if (settlesEarly(delivery.message.payload)) await delivery.ack()
      const poisoned = members.find(({ message }) => isPoison(message.payload))
      if (poisoned !== undefined) throw new Error(`poisoned by ${poisoned.message.id}`)
    })
    const options = {
      ...{ group: 'all', maxSize: 25, maxWaitMs: 20, concurrency: 2, breaker: false as const },
      retry: fixedRetry(1, { attempts }),
    }
    const subscription = await client.subscribeBatch(topic, options, handler)
    await scenario.publishAll(client, topic, { count: 5 })
    const stats = (): readonly number[] => [subscription.stats().acked, subscription.stats().deadLettered]
    await scenario.until(
      () => stats()[0] === count - poisons && stats()[1] === poisons,
      'every message to have its end',
      {
        saw: stats,
      },
    )
    await untilDepth(scenario, topic.name, 'all')

    const byId = new Map<string, { size: number; attempt: number; threw: boolean; poison: boolean; early: boolean }[]>()
    for (const { members, threw } of calls) {
      for (const { id, attempt, message } of members) {
        const { payload } = message
        const run = { size: members.length, attempt, threw, poison: isPoison(payload), early: settlesEarly(payload) }
        byId.set(id, [...(byId.get(id) ?? []), run])
      }
    }
    assert.atLeast(calls.filter(({ members, threw }) => threw && members.length > 1).length, 5, 'batches that threw')
    for (const [id, runs] of byId) {
      const [first, ...rest] = runs as [(typeof runs)[number], ...typeof runs]
      const together = first.threw && first.size > 1
      assert.ok(
        rest.every(({ size }) => size === 1),
        `${id} comes back alone: ${JSON.stringify(runs)}`,
      )
      const found = runs.map(({ attempt }) => attempt)
      if (first.poison) {
        const counted = Array.from({ length: attempts }, (_, index) => index + 1)
        assert.equal(found, together ? [1, ...counted] : counted, `attempts of the poison ${id}`)
      } else if (first.early || !together) {
        assert.equal(found, [1], `attempts of ${id}, which was settled in its first run`)
      } else {
        assert.equal(found, [1, 1], `attempts of ${id}, which was in a batch that threw`)
      }
    }
    const letters = await recordDeadLetters(scenario, client, topic, 'all')
    assert.equal([letters.length, new Set(letters.map(({ id }) => id)).size], [poisons, poisons], 'dead letters')
    for (const letter of letters) {
      assert.equal(byId.get(letter.id)?.[0]?.poison, true, `${letter.id} is to blame`)
      assert.equal(letter.attempts, attempts, `attempts on the dead letter ${letter.id}`)
    }
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], requireSeenDeadLetters: true })
  },
})
