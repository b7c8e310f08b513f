import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { untilDepth } from '../../scenario/settled.js'
import type { Item } from '../../scenario/item.js'

const keys = 6
const times = 4
const others = 500
const floorMs = 100

/**
 * O14: more keys than there are slots give their first message back, again and again. Each key waits for it, its owner stays the same,
 * no attempt is counted, and other keys have the slots.
 */
export const keyedGiveBack: Conformance = defineConformance({
  id: 'O14',
  parallel: true,
  minimum: { messages: keys * 4 + others, keys: keys + 16 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const runs = emptyRuns<Item>()
    const given = new Map<string, number>()
    const subscriptions = await Promise.all(
      ['one', 'two'].map(async (label) => {
        const client = await scenario.messaging(label)
        const options = { group: 'all', concurrency: 2 }
        const { subscription } = await scenario.consume(
          client,
          topic,
          options,
          async ({ id, payload }, delivery) => {
            if (payload.key?.startsWith('back') !== true || payload.n !== 0) return
            const before = given.get(id) ?? 0
            if (before >= times) return
            given.set(id, before + 1)
            // The second wait is longer than the floor, the third asks for less than it.
            await delivery.giveBack(before === 1 ? { delayMs: 180 } : before === 2 ? { delayMs: 1 } : {})
          },
          runs,
        )
        return subscription
      }),
    )
    await scenario.until(
      () => subscriptions.every((subscription) => subscription.stats().partitions.length === 2),
      'two partitions for each',
    )
    const publish = async (count: number): Promise<void> => {
      const items = Array.from({ length: count }, () =>
        Array.from({ length: keys }, (_, key) => scenario.item(topic, `back${key}`)),
      ).flat()
      await Promise.all(items.map((item) => scenario.publishOne(publisher, topic, item)))
    }
    await publish(2)
    await scenario.until(() => given.size === keys, 'every key to have given back')
    await publish(2)
    await scenario.publishAll(publisher, topic, { count: others })
    const isBack = ({ message }: { readonly message: { readonly payload: Item } }): boolean =>
      message.payload.key?.startsWith('back') === true
    const otherDone = (): number => runs.runs.filter((run) => !isBack(run) && run.outcome === 'ok').length
    await scenario.until(() => otherDone() === others, 'the other keys while these wait', { saw: otherDone })
    assert.ok(
      runs.runs.filter(isBack).every(({ message }) => message.payload.n === 0),
      'nothing of a key starts behind a message that was given back',
    )
    const count = keys * 4 + others
    await scenario.until(() => runs.done.size === count, 'everything', { saw: () => runs.done.size })
    await untilDepth(scenario, topic.name, 'all')
    for (let key = 0; key < keys; key++) {
      const own = runs.runs.filter(({ message }) => message.payload.key === `back${key}`)
      assert.equal(
        own.map(({ message, attempt }) => [message.payload.n, attempt]),
        [...Array.from({ length: times + 1 }, () => 0), 1, 2, 3].map((n) => [n, 1]),
        'numbers and attempts of a key whose first message was given back',
      )
      assert.equal(new Set(own.map(({ instance }) => instance)).size, 1, 'instances that a key came to')
      for (let run = 1; run <= times; run++) {
        const waited = (own[run]?.startedMs ?? 0) - (own[run - 1]?.endedMs ?? Infinity)
        assert.atLeast(waited, (run === 2 ? 180 : floorMs) - 1, `ms that a message waits after give-back ${run}`)
      }
    }
    const sum = (name: 'givenBack' | 'retried' | 'acked' | 'deadLettered'): number =>
      subscriptions.reduce((total, subscription) => total + subscription.stats()[name], 0)
    assert.equal(
      [sum('givenBack'), sum('retried'), sum('acked'), sum('deadLettered')],
      [keys * times, 0, count, 0],
      'given back, retried, acked, dead-lettered',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
