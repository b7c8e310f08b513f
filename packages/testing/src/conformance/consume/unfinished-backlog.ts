import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import type { Consumption } from '../../scenario/consuming.js'
import { takes, untilAborted } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const count = 500
const ends = 150
const concurrency = 20

/**
 * C5: of a backlog the first handlers end, the others never do. A close that has no time to wait leaves exactly these, and the next
 * consumer gets exactly these.
 */
export const unfinishedBacklog: Conformance = defineConformance({
  id: 'C5',
  parallel: true,
  minimum: { messages: 2 * count, keys: 50 },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 4, groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
    for (const topic of topics) {
      const { client, first } = await untilStuck(scenario, topic)
      const finished = new Set(first.done)
      await untilDepth(scenario, topic.name, 'all', count - finished.size)
      scenario.recorder.fault({ kind: 'drain-expired', instance: scenario.nameOf(client) })
      const report = await client.close({ deadlineMs: 0 })
      assert.equal([report.clean, report.leftRunning], [false, concurrency], 'report: clean, handlers left')
      assert.equal(first.done.size, finished.size, 'messages that were finished before the close')

      const second = await scenario.consume(await scenario.messaging('second'), topic, { group: 'all' })
      await scenario.until(() => finished.size + second.done.size >= count, 'everything that was not finished', {
        saw: () => second.done.size,
      })
      assert.equal(second.runs.length, count - finished.size, 'deliveries to the second consumer')
      for (const { id } of second.runs) assert.ok(!finished.has(id), `${id} was finished and came again`)
    }
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

/** C5: the same with a process that is killed, so that nothing is said at its end. */
export const unfinishedAtKill: Conformance = defineConformance({
  id: 'C5',
  part: 'kill',
  needs: { faults: ['kill'] },
  parallel: true,
  minimum: { messages: 2 * count, keys: 50, faults: 2 },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 4, groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
    for (const topic of topics) {
      const { client, first } = await untilStuck(scenario, topic)
      const finished = new Set(first.done)
      await scenario.faults.kill(client)
      const second = await scenario.consume(await scenario.messaging('second'), topic, { group: 'all' })
      const missing = (): readonly string[] =>
        [...first.runs.map(({ id }) => id)].filter((id) => !finished.has(id) && !second.done.has(id))
      await scenario.until(
        () => missing().length === 0 && new Set([...finished, ...second.done]).size >= count,
        'everything that was not finished',
        { saw: () => [missing(), second.done.size] },
      )
    }
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

/** A consumer with some messages finished and its handlers standing still: `ends` of the backlog end, all at some time, the rest does not. */
async function untilStuck(
  scenario: Scenario,
  topic: ItemTopic<boolean>,
): Promise<{ readonly client: Client; readonly first: Consumption<Item> }> {
  const publisher = await scenario.messaging('publisher')
  await scenario.publishAll(publisher, topic, topic.keyed ? { count, keys: 50 } : { count })
  const client = await scenario.messaging('first')
  let begun = 0
  const first = await scenario.consume(client, topic, { group: 'all', concurrency }, async (_message, { signal }) => {
    begun++
    if (begun <= ends) await takes(begun % 3)
    else await untilAborted(signal)
  })
  await scenario.until(
    () => first.done.size === ends && begun === ends + concurrency,
    `${ends} messages to end and ${concurrency} handlers to stand still`,
    { saw: () => [first.done.size, begun] },
  )
  assert.equal(first.subscription.stats().running, concurrency, 'handlers that run')
  assert.equal(first.subscription.stats().acked, ends, 'messages that were acked')
  return { client, first }
}
