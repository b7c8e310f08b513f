import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { createLatch } from '../../scenario/handler-work.js'
import { untilDepth } from '../../scenario/settled.js'

const partitions = 4
const window = 10
const count = 800

/** C9: handlers that stand still fill the window of each partition and no more; every one that ends makes room for one. */
export const windowOfMessages: Conformance = defineConformance({
  id: 'C9',
  parallel: true,
  minimum: { messages: count, keys: 400 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    await scenario.publishAll(client, topic, { count, keys: 400 })
    const waiting: { readonly partition: number; readonly end: () => void }[] = []
    const open = new Map<number, number>()
    let most = 0
    let drain = false
    const options = { group: 'all', concurrency: 1_000, window: { messages: window } }
    const all = await scenario.consume(client, topic, options, async (_message, { partition }) => {
      const now = (open.get(partition) ?? 0) + 1
      open.set(partition, now)
      most = Math.max(most, now)
      if (!drain) {
        await new Promise<void>((end) => waiting.push({ partition, end }))
      }
      open.set(partition, (open.get(partition) ?? 0) - 1)
    })
    const full = partitions * window
    await scenario.until(() => waiting.length >= full, 'the windows to be full', { saw: () => waiting.length })
    await expectNoMore()

    // Makes room for one at a time, in a partition that chance chooses.
    for (let round = 0; round < 100; round++) {
      const [one] = waiting.splice(Math.floor(scenario.random() * waiting.length), 1)
      const before = all.runs.length
      one?.end()
      await scenario.until(() => all.runs.length > before, 'the next message when one has ended')
      assert.equal(all.runs.length, before + 1, 'messages that start when one has ended')
      assert.equal(all.runs.at(-1)?.partition, one?.partition, 'partition that has room')
    }
    await expectNoMore()
    drain = true
    for (const { end } of waiting.splice(0)) end()
    await scenario.until(() => all.done.size === count, 'everything', { saw: () => all.done.size })
    assert.atMost(most, window, 'handlers of one partition at once')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })

    async function expectNoMore(): Promise<void> {
      await elsewhere(scenario)
      const { running, waiting: queued } = all.subscription.stats()
      assert.equal([running, queued, waiting.length], [full, 0, full], 'deliveries that run, wait, stand still')
      await expectUnsettled(scenario, topic.name, full)
      await untilDepth(scenario, topic.name, 'all', count - all.done.size)
    }
  },
})

/** C9: the window in bytes, where the adapter bounds them; the default window of a topic without keys. */
export const windowOfBytes: Conformance = defineConformance({
  id: 'C9',
  part: 'bytes',
  parallel: true,
  minimum: { messages: 1_000, keys: 200 },
  async run(scenario) {
    const client = await scenario.messaging('consumer')
    const go = createLatch()
    scenario.after(() => go.open())
    const [keyed, plain] = [
      scenario.keyedTopic({ partitions: 2, groups: ['all'] }),
      scenario.plainTopic({ groups: ['all'] }),
    ]
    await scenario.publishAll(client, keyed, { count: 400, keys: 400, pad: 1_000 })
    await scenario.publishAll(client, plain, { count: 600 })

    const bytes = 10_000
    const options = { group: 'all', concurrency: 1_000, window: { messages: 100, bytes } }
    const large = await scenario.consume(client, keyed, options, () => go.opened)
    const small = await scenario.consume(client, plain, { group: 'all', concurrency: 5 }, () => go.opened)
    const held = (consumption: typeof large): number =>
      consumption.subscription.stats().running + consumption.subscription.stats().waiting
    const openPerPartition = (): readonly number[] =>
      [0, 1].map((partition) => large.runs.filter((run) => run.partition === partition).length)
    const byBytes = client.capabilities.byteWindow
    await scenario.until(
      () => held(small) >= 32 && openPerPartition().every((open) => open >= (byBytes ? 4 : 100)),
      'the windows to be full',
      { saw: () => [held(small), openPerPartition()] },
    )
    await elsewhere(scenario)
    // Each of them has a padding of 1,000 bytes.
    for (const open of openPerPartition()) assert.atMost(open, byBytes ? bytes / 1_000 : 100, 'open in one partition')
    assert.equal(small.runs.length, 5, 'handlers at once: the concurrency')
    const claims = small.subscription.stats().partitions.length
    assert.atMost(held(small), claims * 32, 'deliveries that the default window lets in')
    await expectUnsettled(scenario, plain.name, claims * 32)
    await expectUnsettled(scenario, keyed.name, 2 * (byBytes ? bytes / 1_000 : 100))
    go.open()
    await scenario.until(() => large.done.size === 400 && small.done.size === 600, 'everything', {
      saw: () => [large.done.size, small.done.size],
    })
    assert.atMost(
      Math.max(...small.runs.map(({ startedMs }) => openAt(startedMs))),
      5,
      'handlers of five slots at once',
    )
    scenario.check({ groups: [keyed, plain].map(({ name }) => ({ topic: name, group: 'all' })) })

    function openAt(time: number): number {
      return small.runs.filter((run) => run.startedMs <= time && (run.endedMs ?? Infinity) > time).length
    }
  },
})

/** Deliveries go round on another topic of the same clients meanwhile: what was still on its way has come. */
async function elsewhere(scenario: Scenario): Promise<void> {
  const client = await scenario.messaging('elsewhere')
  const topic = scenario.keyedTopic({ groups: ['all'] })
  const all = await scenario.consume(client, topic, { group: 'all' })
  for (let round = 0; round < 10; round++) {
    await scenario.publishAll(client, topic, { count: 10 })
    await scenario.until(() => all.done.size === 10 * (round + 1), 'messages elsewhere')
  }
  await client.close()
}

/** What has ended counts until the broker has stored it, a little later. */
async function expectUnsettled(scenario: Scenario, topic: string, limit: number): Promise<void> {
  const { inspect } = scenario
  if (inspect.unsettled === undefined) return
  let unsettled = -1
  await scenario.until(
    async () => (unsettled = (await inspect.unsettled?.(topic, 'all')) ?? 0) <= limit,
    `at most ${limit} unsettled deliveries, as the broker counts them`,
    { saw: () => unsettled },
  )
}
