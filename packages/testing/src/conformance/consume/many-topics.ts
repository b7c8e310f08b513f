import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { createLatch } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'

const topicCount = 20
const each = 60

/**
 * C6: one messaging object on 20 topics, a second on half of them in the same groups, so that the members of a group differ in what they
 * consume beside it. One topic that stands still holds up no other; what the second leaves the first takes over.
 */
export const manyTopics: Conformance = defineConformance({
  id: 'C6',
  parallel: true,
  minimum: { messages: 2 * topicCount * each, keys: 16 },
  async run(scenario) {
    const topics = Array.from({ length: topicCount }, (_, index) =>
      index % 2 === 0
        ? scenario.keyedTopic({ partitions: 1 + (index % 5), groups: ['all'] })
        : scenario.plainTopic({ groups: ['all'] }),
    )
    const [wide, narrow] = [await scenario.messaging('wide'), await scenario.messaging('narrow')]
    const go = createLatch()
    scenario.after(() => go.open())
    const wideRuns = topics.map(() => emptyRuns<Item>())
    await Promise.all(
      topics.map((topic, index) =>
        scenario.consume(
          wide,
          topic,
          { group: 'all' },
          () => (index === topicCount - 1 ? go.opened : undefined),
          wideRuns[index],
        ),
      ),
    )
    await Promise.all(
      topics
        .slice(0, topicCount / 2)
        .map((topic, index) => scenario.consume(narrow, topic, { group: 'all' }, undefined, wideRuns[index])),
    )
    const publisher = await scenario.messaging('publisher')
    const publish = async (): Promise<void> => {
      await Promise.all(topics.map((topic) => scenario.publishAll(publisher, topic, { count: each })))
    }
    const done = (count: number, upTo: number): boolean =>
      wideRuns.slice(0, upTo).every((runs) => runs.done.size >= count)
    const saw = { saw: () => wideRuns.map((runs) => runs.done.size) }
    await publish()
    await scenario.until(() => done(each, topicCount - 1), 'every topic but the one that stands still', saw)
    assert.equal(wideRuns[topicCount - 1]?.done.size, 0, 'messages of the topic that stands still')
    await narrow.close()
    await publish()
    await scenario.until(() => done(2 * each, topicCount - 1), 'everything on one messaging object', saw)
    go.open()
    await scenario.until(() => done(2 * each, topicCount), 'the topic that stood still', saw)
    assert.equal(
      wide.health().subscriptions.map(({ state }) => state),
      topics.map(() => 'running'),
      'state of each subscription',
    )
    for (const runs of wideRuns) assert.equal(runs.runs.length, 2 * each, 'deliveries of one topic')
    for (const [index, topic] of topics.entries())
      assert.ok(
        wideRuns[index]?.runs.every(({ message }) => message.topic === topic.name) === true,
        'topics of messages',
      )
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})
