import { defineTopic, PermanentError, unchecked } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { Item } from '../../scenario/item.js'

const count = 200

/** C3: topics whose names contain each other, with the same group, the same keys and the same ids on each, through retry and dead letter. */
export const separateTopics: Conformance = defineConformance({
  id: 'C3',
  parallel: true,
  minimum: { messages: 800, keys: 16 },
  async run(scenario) {
    const { deadLetters } = scenario.inspect
    const base = scenario.topicName()
    const names = [base, `${base}.x`, `${base}-x`, `${base}x`]
    const topics = names.map((name, index) => {
      const shared = { schema: unchecked<Item>(), groups: ['all', 'x'] }
      const key = (item: Item): string | null => item.key
      return index % 2 === 0
        ? defineTopic(name, { ...shared, key })
        : defineTopic(name, { ...shared, key, partitions: 2 })
    })
    const client = await scenario.messaging('both')
    const ids = Array.from({ length: count }, () => scenario.newId())
    const consumptions = await Promise.all(
      topics.map((topic, index) =>
        scenario.consume(
          client,
          topic,
          { group: 'all', retry: fixedRetry(1, { attempts: 3 }) },
          (message, { attempt }) => {
            assert.equal(message.topic, topic.name, 'topic that a message says it is of')
            if (message.payload.n !== 3 || message.payload.key !== `k${index}`) return
            if (attempt === 1) throw new Error('not yet')
            throw new PermanentError('not here')
          },
        ),
      ),
    )
    const pads = topics.map(({ name }) => `only on ${name}`)
    await Promise.all(
      topics.map(async (topic, index) => {
        const items = scenario.items(topic, { count }).map((item) => ({ ...item, pad: pads[index] as string }))
        await Promise.all(
          items.map(async (item, at) => {
            const { result } = await scenario.publishOne(client, topic, item, { id: ids[at] as string })
            assert.equal(result, 'ok', 'a publish')
          }),
        )
      }),
    )
    await scenario.until(
      () => consumptions.every(({ done, subscription }) => done.size + subscription.stats().deadLettered >= count),
      'all messages of all topics',
      { saw: () => consumptions.map(({ done }) => done.size) },
    )
    for (const [index, { runs, done }] of consumptions.entries()) {
      const name = names[index] as string
      assert.equal([runs.length, done.size], [count + 1, count - 1], `deliveries and messages on ${name}`)
      for (const { message } of runs) assert.equal(message.payload.pad, pads[index], `where ${message.id} was sent to`)
      const refused = runs.filter(({ outcome }) => outcome === 'failed')
      assert.equal(
        refused.map(({ message, attempt }) => [message.payload.key, message.payload.n, attempt]),
        [
          [`k${index}`, 3, 1],
          [`k${index}`, 3, 2],
        ],
        `failures on ${name}`,
      )
      const id = (refused[0] as (typeof refused)[number]).id
      scenario.recorder.deadLetterSeen({ topic: name, id, group: 'all' })
      if (deadLetters === undefined) continue
      assert.equal(await scenario.inspect.deadLetters?.(name, 'all'), [id], `dead letters of ${name}`)
      assert.equal(await scenario.inspect.deadLetters?.(name, 'x'), [], `dead letters of the other group of ${name}`)
    }
    const other = await scenario.consume(client, topics[0] as (typeof topics)[number], { group: 'x' })
    await scenario.until(() => other.done.size >= count, 'the other group')
    assert.equal(other.runs.length, count, 'deliveries to the group whose name ends another topic')
    scenario.check({
      groups: [...names.map((topic) => ({ topic, group: 'all' })), { topic: base, group: 'x' }],
      requireSeenDeadLetters: true,
    })
  },
})
