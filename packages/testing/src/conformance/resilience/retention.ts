import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import type { ItemTopic } from '../../scenario/item.js'
import type { Published } from '../../scenario/publishing.js'
import { untilDepth } from '../../scenario/settled.js'

const partitions = 4
const [read, written, gone] = [100, 500, 300]

/** R16: `earliest` goes on with the oldest that is there, and tells how many were lost: what was read before is not among them. */
export const lostToEarliest: Conformance = defineConformance({
  id: 'R16',
  parallel: true,
  needs: { faults: ['trim'] },
  minimum: { messages: written, keys: 40 },
  async run(scenario) {
    const { topic, client, sent, lostOf, keptOf } = await beginTrimmed(scenario)
    const notices = listen(client)
    const all = await scenario.consume(client, topic, { group: 'all', onPositionLost: 'earliest' })
    const kept = sent.filter(keptOf)
    await scenario.until(() => all.done.size === kept.length, `${kept.length} messages that are left`, {
      saw: () => all.done.size,
    })
    await untilDepth(scenario, topic.name, 'all')
    expectLost(notices, sent.filter(lostOf).length)
    assert.equal(
      all.runs.map(({ id }) => id).toSorted(),
      kept.map(({ id }) => id).toSorted(),
      'messages that were handled: those that are left, each once',
    )
    await goesOn(scenario, client, topic, all.done)
    assert.equal([all.subscription.state, client.health().status], ['running', 'up'], 'state, health')
  },
})

/** R16: `latest` leaves everything that was there, counts all of it, and misses nothing that comes after. */
export const lostToLatest: Conformance = defineConformance({
  id: 'R16',
  part: 'latest',
  parallel: true,
  needs: { faults: ['trim'] },
  minimum: { messages: written, keys: 40 },
  async run(scenario) {
    const { topic, client, sent, lostOf } = await beginTrimmed(scenario)
    const notices = listen(client)
    const hit = new Set(sent.filter(lostOf).map(({ receipt }) => receipt?.partition))
    const all = await scenario.consume(client, topic, { group: 'all', onPositionLost: 'latest' })
    await untilDepth(scenario, topic.name, 'all')
    // In a partition that had lost nothing the group goes on where it was.
    const unread = sent.slice(read)
    const expected = unread.filter(({ receipt }) => !hit.has(receipt?.partition))
    await scenario.until(() => all.done.size === expected.length, 'partitions that have lost nothing')
    assert.equal(all.runs.length, expected.length, 'messages that are handled of those that were there')
    expectLost(notices, unread.length - expected.length)
    await goesOn(scenario, client, topic, all.done)
  },
})

/** R16: `fail`, the default: nothing is handled, nothing is committed, and everybody is told that a person has to decide. */
export const lostFails: Conformance = defineConformance({
  id: 'R16',
  part: 'fail',
  parallel: true,
  needs: { faults: ['trim'] },
  minimum: { messages: written, keys: 40 },
  async run(scenario) {
    const { topic, client, sent, keptOf } = await beginTrimmed(scenario)
    const failed: string[] = []
    client.on('failed', ({ group, error }) => failed.push(`${group} ${error.code}`))
    const all = await scenario.consume(client, topic, { group: 'all' })
    const error = await assert.rejects(all.subscription.closed, 'POSITION_LOST', 'a position that is gone')
    assert.ok(error.message.includes(topic.name) && /\d/.test(error.message), `it says where: ${error.message}`)
    await scenario.until(() => failed.length > 0, 'the event')
    assert.equal(failed, ['all POSITION_LOST'], 'events')
    assert.equal([all.subscription.state, client.health().status], ['failed', 'down'], 'state, health')
    await all.subscription.close()
    // A person has decided: nothing that is left was skipped meanwhile.
    const second = await scenario.messaging('second')
    const rest = await scenario.consume(second, topic, { group: 'all', onPositionLost: 'earliest' })
    const kept = sent.filter(keptOf)
    const done = (): number => new Set([...all.done, ...rest.done]).size
    await scenario.until(() => done() === kept.length, `${kept.length} messages that are left`, { saw: done })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(all.runs.length + rest.runs.length >= kept.length, true, 'runs')
    await goesOn(scenario, second, topic, rest.done)
  },
})

interface Trimmed {
  readonly topic: ItemTopic<true>
  readonly client: Client
  readonly sent: readonly Published[]
  readonly lostOf: (message: Published) => boolean
  /** Left for the group to read. */
  readonly keptOf: (message: Published) => boolean
}

/** A group that has read the first hundred messages when retention takes the first 300 of each partition, as far as it has so many. */
async function beginTrimmed(scenario: Scenario): Promise<Trimmed> {
  const topic = scenario.keyedTopic({ partitions, groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  const first = await scenario.publishAll(publisher, topic, { count: read, keys: 40 })
  const before = await scenario.messaging('before')
  const reader = await before.subscribe(topic, { group: 'all' }, () => undefined)
  await untilDepth(scenario, topic.name, 'all')
  await scenario.until(() => reader.stats().acked === read, 'the first messages to be read')
  const report = await before.close()
  assert.equal(report.clean, true, 'the reader has stored what it has done')
  // One partition stays as it is: nothing more is written to it than was read.
  const spared = first[0]?.receipt?.partition ?? 0
  const keys = [...new Set(first.filter(({ receipt }) => receipt?.partition !== spared).map(({ item }) => item.key))]
  const more: Published[] = []
  for (let left = written - read - 20; left > 0; left--) {
    more.push(await scenario.publishOne(publisher, topic, scenario.item(topic, keys[left % keys.length] ?? null)))
  }
  await scenario.faults.trim(topic.name, Math.floor(gone / partitions))
  const last = await scenario.publishAll(publisher, topic, { count: 20, keys: 40 })
  const sent = [...first, ...more, ...last]
  const kept = new Set(await scenario.inspect.stored?.(topic.name))
  assert.ok(
    more.some(({ id }) => !kept.has(id)) && more.some(({ id }) => kept.has(id)),
    'retention has taken some messages that were not read, and left some',
  )
  const unread = new Set([...more, ...last].map(({ id }) => id))
  return {
    topic,
    client: await scenario.messaging('reader'),
    sent,
    lostOf: ({ id }) => unread.has(id) && !kept.has(id),
    keptOf: ({ id }) => unread.has(id) && kept.has(id),
  }
}

interface LossNotice {
  readonly partition: string
  readonly count: number | undefined
}

function listen(client: Client): readonly LossNotice[] {
  const notices: LossNotice[] = []
  client.on('notice', ({ kind, text, count }) => {
    if (kind === 'position-lost') notices.push({ partition: text, count })
  })
  return notices
}

function expectLost(notices: readonly LossNotice[], expected: number): void {
  assert.ok(notices.length > 0 && notices.length <= partitions, `one event for each partition: ${notices.length}`)
  const told = notices.reduce((sum, { count = 0 }) => sum + count, 0)
  assert.equal(told, expected, 'messages that were told to be lost')
}

async function goesOn(
  scenario: Scenario,
  client: Client,
  topic: ItemTopic<true>,
  done: ReadonlySet<string>,
): Promise<void> {
  const sent = await scenario.publishAll(client, topic, { count: 40, keys: 40 })
  await scenario.until(() => sent.every(({ id }) => done.has(id)), 'messages that come afterwards')
  await untilDepth(scenario, topic.name, 'all')
}
