import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns } from '../../scenario/consuming.js'
import type { Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

/**
 * C16: members come and go, some without having finished anything, and messages are sent while nobody is there. Whoever joins goes on
 * where the group stands; nobody reads the end of the topic anew.
 */
export const fixedStart: Conformance = defineConformance({
  id: 'C16',
  parallel: true,
  minimum: { messages: 1_000, keys: 16 },
  async run(scenario) {
    const publisher = await scenario.messaging('publisher')
    for (const topic of [scenario.keyedTopic({ partitions: 6 }), scenario.plainTopic()]) {
      const creator = await scenario.messaging('creator')
      await scenario.consume(creator, topic, { group: 'subscribed' })
      await creator.provision([{ topic, groups: ['provisioned'] }])
      await creator.close()
      const groups = ['subscribed', 'provisioned']
      const runs = new Map(groups.map((group) => [group, emptyRuns<Item>()]))
      let count = 0
      const publish = async (): Promise<void> => {
        // Few enough that not every partition gets one each time.
        await scenario.publishAll(publisher, topic, { count: 100, ...(topic.keyed ? { keys: 16 } : {}) })
        count += 100
      }
      await publish()
      for (let join = 0; join < 4; join++) {
        for (const group of groups) {
          const into = runs.get(group)
          const client = await scenario.messaging(`join-${join}`)
          const most = (into?.done.size ?? 0) + 40
          const { subscription } = await scenario.consume(client, topic, { group, concurrency: 2 }, undefined, into)
          if (join > 0) await scenario.until(() => (into?.done.size ?? 0) >= most, 'a part of what waits')
          // The first leaves at once, whether or not it has got something; later ones leave in mid-stream.
          await subscription.close()
          await client.close()
        }
        await publish()
      }
      for (const group of groups) {
        const into = runs.get(group) as ReturnType<typeof emptyRuns<Item>>
        await scenario.consume(await scenario.messaging('last'), topic, { group }, undefined, into)
        await scenario.until(() => into.done.size >= count, `${count} messages in ${group}`, {
          saw: () => into.done.size,
        })
        await untilDepth(scenario, topic.name, group)
        assert.equal(into.runs.length, count, 'deliveries over all joins')
      }
      scenario.check({ groups: groups.map((group) => ({ topic: topic.name, group })) })
    }
  },
})

const keys = 200

/** C16: partitions that are added later are read from their beginning, by who is there and by who comes later. */
export const addedPartitions: Conformance = defineConformance({
  id: 'C16',
  part: 'partitions',
  needs: { faults: ['addPartitions'] },
  parallel: true,
  minimum: { messages: 1_200, keys },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['there', 'later'] })
    const publisher = await scenario.messaging('publisher')
    const there = await scenario.consume(await scenario.messaging('there'), topic, { group: 'there' })
    const known = new Set<number>()
    const publish = async (): Promise<readonly number[]> => {
      const sent = await scenario.publishAll(publisher, topic, { count: 400, keys })
      await scenario.until(() => sent.every(({ id }) => there.done.has(id)), 'who is there to get them')
      return there.runs.slice(-400).map(({ partition }) => partition)
    }
    for (const partition of await publish()) known.add(partition)
    const before = known.size
    await scenario.faults.addPartitions(topic.name, 3)
    // Publishers and members learn of it in their own time; the history shows that nothing is lost meanwhile.
    let sent = 400
    await scenario.until(
      async () => {
        sent += 400
        for (const partition of await publish()) known.add(partition)
        return known.size > before
      },
      'messages in new partitions',
      { saw: () => [...known] },
    )
    for (const partition of await publish()) known.add(partition)
    sent += 400
    const later = await scenario.consume(await scenario.messaging('later'), topic, { group: 'later' })
    await scenario.until(() => later.done.size >= sent, 'everything for who comes later', {
      saw: () => later.done.size,
    })
    for (const { runs } of [there, later]) assert.equal(runs.length, sent, 'deliveries')
    assert.equal(
      [...new Set(later.runs.map(({ partition }) => partition))].toSorted(),
      [...known].toSorted(),
      'partitions that the later group has read from',
    )
    // A key may lie in two partitions: before and after. Its order over that change is not promised.
    const groups = ['there', 'later']
    scenario.check({ groups: groups.map((group) => ({ topic: topic.name, group })), unorderedGroups: groups })
  },
})
