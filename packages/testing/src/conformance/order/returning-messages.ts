import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { createLatch } from '../../scenario/handler-work.js'
import type { Consumption } from '../../scenario/consuming.js'
import type { Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const others = 500
const keys = 3

/** O16: messages are redriven while a handler of their key runs: they wait for it, and nothing of the key runs beside them either. */
export const redrivenWaits: Conformance = defineConformance({
  id: 'O16',
  parallel: true,
  minimum: { messages: others + keys * 4, keys: 16 + keys },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 3, groups: ['all', 'bystander'] })
    const client = await scenario.messaging('both')
    const go = createLatch()
    scenario.after(() => go.open())
    let mended = false
    const lanes = watchLanes()
    const all = await scenario.consume(
      client,
      topic,
      { group: 'all', concurrency: 6 },
      async ({ payload }, delivery) => {
        await lanes.run(payload, async () => {
          if (payload.key?.startsWith('back') !== true) return
          if (payload.n < 2 && !mended) await delivery.deadLetter('not now')
          if (payload.n === 2) await go.opened
        })
      },
    )
    const bystander = await scenario.consume(client, topic, { group: 'bystander' })
    await publishBack(3)
    const failed = (): number => all.subscription.stats().deadLettered
    const running = (): number => all.runs.filter(({ outcome }) => outcome === 'running').length
    await scenario.until(() => failed() === 2 * keys && running() === keys, 'dead letters and handlers behind them')
    const letters = await recordDeadLetters(scenario, client, topic, 'all')
    mended = true
    for (const { id } of letters) scenario.recorder.redriven({ topic: topic.name, id, group: 'all' })
    const report = await client.deadLetters(topic, 'all').redrive()
    assert.equal([report.redriven, letters.length], [2 * keys, 2 * keys], 'redriven messages, dead letters')
    const waiting = (): number => all.subscription.stats().waiting
    await scenario.until(() => waiting() === 2 * keys, 'the redriven messages to wait in their lanes', { saw: waiting })
    await publishBack(1)
    await scenario.publishAll(client, topic, { count: others })
    await scenario.until(() => all.done.size === others, 'the other keys', { saw: () => all.done.size })
    assert.equal([running(), all.runs.length], [keys, 3 * keys + others], 'handlers that run, runs')
    go.open()
    await scenario.until(() => all.done.size === others + 4 * keys, 'everything', { saw: () => all.done.size })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(lanes.overlaps, [], 'handlers beside one of their key')
    assert.equal(all.runs.length, others + 6 * keys, 'runs')
    for (let key = 0; key < keys; key++) {
      const own = all.runs.filter(({ message }) => message.payload.key === `back${key}`)
      const order = own.map(({ message }) => message.payload.n)
      assert.equal(order.slice(0, 3), [0, 1, 2], 'first runs of a key')
      assert.equal(order.slice(3).toSorted(), [0, 1, 3], 'runs of a key after the redrive')
      assert.ok(order.lastIndexOf(0) < order.lastIndexOf(1), 'redriven messages of a key keep their order')
      assert.ok(
        own.every(({ attempt }) => attempt === 1),
        'a redriven message begins its count anew',
      )
    }
    await scenario.until(() => bystander.done.size === others + 4 * keys, 'the other group')
    assert.equal(bystander.runs.length, others + 4 * keys, 'deliveries to the other group: none of the redriven')
    scenario.check({ groups: ['all', 'bystander'].map((group) => ({ topic: topic.name, group })) })

    async function publishBack(count: number): Promise<void> {
      for (let n = 0; n < count; n++)
        await publishKeys(scenario, (item) => scenario.publishOne(client, topic, item), topic)
    }
  },
})

/** O16: a durable delay ends while a handler of the key runs: the copy waits, and goes on with its count. */
export const delayedWaits: Conformance = defineConformance({
  id: 'O16',
  part: 'delayed',
  parallel: true,
  minimum: { messages: others + keys * 2, keys: 16 + keys },
  async run(scenario) {
    const client = await scenario.messaging('both')
    if (!client.capabilities.durableDelay || !client.capabilities.groupAddress) {
      await refusesDelays(scenario)
      return
    }
    const delayMs = Math.max(250, 4 * (await timeOfNextConsumer(scenario, client)))
    const topic = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
    const retry = fixedRetry(delayMs, { placement: 'delayed' })
    const before = await scenario.consume(client, topic, { group: 'all', order: 'none', retry }, ({ payload }) => {
      if (payload.key?.startsWith('back') === true) throw new Error('later')
    })
    const publish = (item: Item): Promise<unknown> => scenario.publishOne(client, topic, item)
    await publishKeys(scenario, publish, topic)
    await scenario.until(() => before.subscription.stats().retried === keys, 'the messages to fail')
    const report = await before.subscription.close()
    assert.ok(report.clean, 'the copies are confirmed when the subscription is closed')
    assert.equal(before.runs.length, keys, 'runs before the delay')

    const go = createLatch()
    scenario.after(() => go.open())
    const lanes = watchLanes()
    const after = await scenario.consume(client, topic, { group: 'all', concurrency: 6 }, async ({ payload }) => {
      await lanes.run(payload, async () => {
        if (payload.key?.startsWith('back') === true && payload.n === 1) await go.opened
      })
    })
    await publishKeys(scenario, publish, topic)
    await scenario.until(() => lanes.open() === keys, 'a handler of each key to run')
    await scenario.until(() => after.subscription.stats().waiting === keys, 'the delayed messages to come back', {
      saw: () => after.subscription.stats(),
    })
    const failedMs = Math.max(...before.runs.map(({ endedMs }) => endedMs ?? Infinity))
    assert.atLeast(performance.now() - failedMs, delayMs - 1, 'ms from the last failure until all have come back')
    await scenario.publishAll(client, topic, { count: others })
    await scenario.until(() => after.done.size === others, 'the other keys', { saw: () => after.done.size })
    assert.equal([lanes.open(), after.runs.length], [keys, others + keys], 'handlers that run, runs')
    go.open()
    await scenario.until(() => after.done.size === others + 2 * keys, 'everything', { saw: () => after.done.size })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(lanes.overlaps, [], 'handlers beside one of their key')
    assert.equal(
      secondAttempts(after),
      Array.from({ length: keys }, () => [0, 2]),
      'number and attempt of the delayed',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], unorderedGroups: ['all'] })
  },
})

/** How long it takes, in ms, to end one consumer and to have the next at work: the delay must not be over by then. */
async function timeOfNextConsumer(scenario: Scenario, client: Client): Promise<number> {
  const topic = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
  const before = await scenario.consume(client, topic, { group: 'all' })
  const watch = scenario.stopwatch()
  await before.subscription.close()
  const after = await scenario.consume(client, topic, { group: 'all' })
  await publishKeys(scenario, (item) => scenario.publishOne(client, topic, item), topic)
  await scenario.until(() => after.done.size === keys, 'the next consumer to be at work')
  return watch.ms
}

async function refusesDelays(scenario: Scenario): Promise<void> {
  const client = await scenario.messaging('refused')
  const retry = fixedRetry(1, { placement: 'delayed' })
  const topic = scenario.keyedTopic({ groups: ['all'] })
  await assert.rejects(
    client.subscribe(topic, { group: 'all', order: 'none', retry }, () => undefined),
    'UNSUPPORTED',
    'a delaying policy without durable delays',
  )
}

function secondAttempts({ runs }: Consumption<Item>): readonly (readonly [number, number])[] {
  return runs
    .filter(({ message }) => message.payload.key?.startsWith('back') === true && message.payload.n === 0)
    .map(({ message, attempt }) => [message.payload.n, attempt])
}

async function publishKeys(
  scenario: Scenario,
  publish: (item: Item) => Promise<unknown>,
  topic: ReturnType<Scenario['keyedTopic']>,
): Promise<void> {
  for (let key = 0; key < keys; key++) await publish(scenario.item(topic, `back${key}`))
}

interface Lanes {
  readonly overlaps: readonly string[]
  open(): number
  run(item: Item, body: () => Promise<void>): Promise<void>
}

/** Handlers by key, and those that began while another of their key ran. */
function watchLanes(): Lanes {
  const open = new Set<string>()
  const overlaps: string[] = []
  return {
    overlaps,
    open: () => open.size,
    async run({ key, n }, body) {
      const lane = key ?? ''
      if (open.has(lane)) overlaps.push(`${lane} ${n}`)
      open.add(lane)
      try {
        await body()
      } finally {
        open.delete(lane)
      }
    },
  }
}
