import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { ItemTopic } from '../../scenario/item.js'
import { expectDepth } from '../../scenario/settled.js'

const count = 1_000

/** D9: a thousand handlers end in random order, and close is called in the same tick: all of it is settled when close resolves. */
export const sameTick: Conformance = defineConformance({
  id: 'D9',
  parallel: true,
  minimum: { messages: 4 * count, keys: count },
  async run(scenario) {
    const topics = [
      { topic: scenario.keyedTopic({ partitions: 4, groups: ['all'] }), left: 0 },
      { topic: scenario.plainTopic({ groups: ['all'] }), left: 0 },
      // Gaps all over: a few are given up at the deadline, which nobody waits for.
      { topic: scenario.keyedTopic({ partitions: 4, groups: ['all'] }), left: 50 },
      { topic: scenario.plainTopic({ groups: ['all'] }), left: 50 },
    ]
    for (const { topic, left } of topics) await endScattered(scenario, topic, left)
    scenario.check({
      groups: topics.map(({ topic }) => ({ topic: topic.name, group: 'all' })),
      allowOverlapAfterLoss: true,
    })
  },
})

async function endScattered(scenario: Scenario, topic: ItemTopic<boolean>, left: number): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const sent = await scenario.publishAll(publisher, topic, topic.keyed ? { count, keys: count } : { count })
  const client = await scenario.messaging('closing')
  const ends = new Map<string, () => void>()
  const options = { group: 'all', concurrency: count, window: { messages: 2 * count } } as const
  const first = await scenario.consume(
    client,
    topic,
    options,
    ({ id }) => new Promise<void>((resolve) => void ends.set(id, resolve)),
  )
  await scenario.until(() => ends.size === count, `${count} handlers to run`, { saw: () => ends.size })
  const order = shuffled([...ends.keys()], () => scenario.random())
  const ending = order.slice(left)
  if (left > 0) scenario.recorder.fault({ kind: 'drain-expired', instance: scenario.nameOf(client) })
  for (const id of ending) ends.get(id)?.()
  const report = await client.close(left === 0 ? {} : { deadlineMs: 50 })
  assert.equal([report.clean, report.leftRunning], [left === 0, left], 'report of the close: clean, left running')
  assert.equal(first.done.size, count - left, 'handlers that have ended')
  await expectDepth(scenario, topic.name, 'all', left)

  const next = await scenario.consume(await scenario.messaging('next'), topic, { group: 'all' })
  const markers = await scenario.publishAll(publisher, topic, { count: 40 })
  const given = new Set(order.slice(0, left))
  await scenario.until(
    () => markers.every(({ id }) => next.done.has(id)) && [...given].every((id) => next.done.has(id)),
    'the messages behind the close',
    { saw: () => next.done.size },
  )
  const again = next.runs.filter(({ id }) => !markers.some((marker) => marker.id === id)).map(({ id }) => id)
  assert.equal(again.sort(), [...given].sort(), 'messages of before the close that came again')
  await scenario.until(() => next.subscription.stats().waiting === 0, 'nothing to wait')
  for (const id of given) ends.get(id)?.()
  assert.equal(sent.length, count, 'messages')
}

function shuffled<T>(list: T[], random: () => number): readonly T[] {
  for (let end = list.length - 1; end > 0; end--) {
    const other = Math.floor(random() * (end + 1))
    const [a, b] = [list[end] as T, list[other] as T]
    list[end] = b
    list[other] = a
  }
  return list
}
