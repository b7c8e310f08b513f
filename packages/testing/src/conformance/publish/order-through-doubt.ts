import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import type { Consumption } from '../../scenario/consuming.js'
import type { Item, ItemTopic } from '../../scenario/item.js'

const keys = 16

/** P7: order inside and across batches and single publishes, none of them awaited before the next. */
export const orderOfBatches: Conformance = defineConformance({
  id: 'P7',
  parallel: true,
  minimum: { messages: 1_200, keys },
  async run(scenario) {
    const { topic, publisher, consumption } = await prepare(scenario)
    await publishMixed(scenario, publisher, topic, 1_200)
    await expectInOrder(scenario, topic, consumption, 1_200)
    assert.equal(consumption.runs.length, 1_200, 'deliveries: nothing was in doubt, nothing comes twice')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/**
 * P7: what was under way when the connection broke is in doubt and is sent again before what was published after it. First the link goes
 * silent, so that the ones in doubt were never stored: sent late, they would visibly come behind newer ones.
 */
export const orderThroughDoubt: Conformance = defineConformance({
  id: 'P7',
  part: 'resent',
  needs: { faults: ['silence', 'disconnect'] },
  minimum: { messages: 1_500, keys, faults: 5 },
  async run(scenario) {
    const { topic, publisher, consumption } = await prepare(scenario)
    const pending: Promise<void>[] = []
    let count = 0
    const more = (messages: number): void => {
      count += messages
      pending.push(publishMixed(scenario, publisher, topic, messages))
    }
    for (let round = 0; round < 5; round++) {
      more(100)
      await Promise.all(pending)
      const speak = await scenario.faults.silence(publisher, 'publish')
      more(100)
      await handedOver()
      const connect = await scenario.faults.disconnect(publisher, 'publish')
      await speak()
      more(100)
      await scenario.until(
        () => publisher.health().publish !== 'ready',
        'the publisher to know that it is disconnected',
      )
      more(50)
      await connect()
      await Promise.all(pending)
    }
    await expectInOrder(scenario, topic, consumption, count)
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], resendsPerDoubt: 3 })

    /** A few turns of the event loop, in which core hands over what it may have under way. */
    async function handedOver(): Promise<void> {
      let turns = 0
      await scenario.until(() => ++turns > 15, 'a few turns')
    }
  },
})

/** P7: the answers to single messages are lost after these were stored, under a running pipeline. */
export const orderThroughLostAnswers: Conformance = defineConformance({
  id: 'P7',
  part: 'answers',
  needs: { faults: ['failSends', 'slowSends'] },
  minimum: { messages: 1_000, keys, faults: 10 },
  async run(scenario) {
    const { topic, publisher, consumption } = await prepare(scenario)
    for (let round = 0; round < 10; round++) {
      // In half of the rounds answers take a while, so that several sends are under way when one turns out uncertain.
      const quicken = round >= 5 ? await scenario.faults.slowSends(2) : undefined
      const undo = await scenario.faults.failSends({
        client: publisher,
        topic: topic.name,
        outcome: round % 2 === 0 ? 'answer-lost' : 'lost',
        skip: Math.floor(scenario.random() * 80),
      })
      await publishMixed(scenario, publisher, topic, 100)
      await undo()
      await quicken?.()
    }
    await expectInOrder(scenario, topic, consumption, 1_000)
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], resendsPerDoubt: 3 })
  },
})

interface Prepared {
  readonly topic: ItemTopic<true>
  readonly publisher: Client
  readonly consumption: Consumption<Item>
}

async function prepare(scenario: Scenario): Promise<Prepared> {
  const topic = scenario.keyedTopic({ groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  const consumer = await scenario.messaging('consumer')
  return { topic, publisher, consumption: await scenario.consume(consumer, topic, { group: 'all', concurrency: 50 }) }
}

/** Publishes singly and in batches of 1 to 30, nothing awaited before all are called; recorded in the order of the calls. */
async function publishMixed(scenario: Scenario, client: Client, topic: ItemTopic<true>, count: number): Promise<void> {
  const items = scenario.items(topic, { count, keys })
  const pending: Promise<unknown>[] = []
  for (let from = 0; from < count;) {
    const size = scenario.random() < 0.5 ? 1 : 1 + Math.floor(scenario.random() * 30)
    const part = items.slice(from, from + size)
    from += part.length
    if (part.length === 1) pending.push(publishSingle(part[0] as Item))
    else pending.push(scenario.publishBatch(client, topic, part))
  }
  await Promise.all(pending)

  async function publishSingle(item: Item): Promise<void> {
    const { result, error } = await scenario.publishOne(client, topic, item)
    assert.ok(result === 'ok', `a publish was rejected: ${error?.message}`)
  }
}

/** First runs of a key count up without a gap. */
async function expectInOrder(
  scenario: Scenario,
  topic: ItemTopic<true>,
  all: Consumption<Item>,
  count: number,
): Promise<void> {
  await scenario.until(() => all.done.size >= count, `${count} messages of ${topic.name}`, { saw: () => all.done.size })
  const next = new Map<string, number>()
  for (const { message } of all.runs) {
    const { key, n } = message.payload
    const due = next.get(key ?? '') ?? 0
    if (n < due) continue
    assert.equal(n, due, `first deliveries of key ${key} in the order of the calls of publish`)
    next.set(key ?? '', due + 1)
  }
}
