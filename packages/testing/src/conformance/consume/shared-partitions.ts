import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { emptyRuns, type Consumption, type Runs } from '../../scenario/consuming.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import type { Load } from '../../scenario/load.js'

const partitions = 9

/** C13: instances join and leave under load; each time the partitions are shared within one of even, each by one instance. */
export const sharedPartitions: Conformance = defineConformance({
  id: 'C13',
  parallel: true,
  minimum: { messages: 500, keys: 64 },
  async run(scenario) {
    const share = await begin(scenario)
    const limitMs = Math.min(10_000, scenario.harness.timings.rebalanceMs)
    const first = await share.join('first')
    await share.expectEven([first], limitMs)
    const second = await share.join('second')
    await share.expectEven([first, second], limitMs)
    const third = await share.join('third')
    await share.expectEven([first, second, third], limitMs)
    await first.client.close()
    await share.expectEven([second, third], limitMs)
    await second.consumption.subscription.close()
    await share.expectEven([third], limitMs)
    const fourth = await share.join('fourth')
    await share.expectEven([third, fourth], limitMs)
    await share.finish()
    // All of that was planned: nothing may have run twice.
    const { counts } = scenario.check({ groups: [{ topic: share.topic.name, group: 'all' }] })
    assert.equal([counts.duplicates, counts.faults], [0, 0], 'duplicates, faults')
  },
})

/** C13: an instance is killed; the others have its partitions when its session is over. */
export const sharedAfterKill: Conformance = defineConformance({
  id: 'C13',
  part: 'kill',
  needs: { faults: ['kill'] },
  parallel: true,
  minimum: { messages: 500, keys: 64, faults: 2 },
  async run(scenario) {
    const share = await begin(scenario)
    const { rebalanceMs, takeOverMs } = scenario.harness.timings
    const members: Member[] = []
    for (const label of ['first', 'second', 'third', 'fourth']) members.push(await share.join(label))
    await share.expectEven(members, rebalanceMs)
    while (members.length > 2) {
      const [victim] = members.splice(Math.floor(scenario.random() * members.length), 1)
      await scenario.faults.kill((victim as Member).client)
      await share.expectEven(members, takeOverMs)
    }
    await share.finish()
    scenario.check({ groups: [{ topic: share.topic.name, group: 'all' }], allowOverlapAfterLoss: true })
  },
})

interface Member {
  readonly client: Client
  readonly consumption: Consumption<Item>
}

interface Share {
  readonly topic: ItemTopic<true>
  join(label: string): Promise<Member>
  expectEven(members: readonly Member[], limitMs: number): Promise<void>
  finish(): Promise<void>
}

async function begin(scenario: Scenario): Promise<Share> {
  const topic = scenario.keyedTopic({ partitions, groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  const runs: Runs<Item> = emptyRuns()
  const load: Load = scenario.startLoad(publisher, topic, { inFlight: 16, keys: 64 })
  return {
    topic,
    async join(label) {
      const client = await scenario.messaging(label)
      const body = (): Promise<void> => takes(scenario.random() * 2)
      return { client, consumption: await scenario.consume(client, topic, { group: 'all' }, body, runs) }
    },
    async expectEven(members, limitMs) {
      const owned = (): readonly (readonly number[])[] =>
        members.map(({ consumption }) => consumption.subscription.stats().partitions)
      const isEven = (): boolean => {
        const sizes = owned().map(({ length }) => length)
        const all = owned().flat()
        return (
          all.length === partitions && new Set(all).size === partitions && Math.max(...sizes) - Math.min(...sizes) <= 1
        )
      }
      await scenario.until(isEven, `${members.length} instances to share ${partitions} partitions evenly`, {
        saw: owned,
        timeoutMs: limitMs,
      })
      // It is so in truth: each instance gets messages of each of its partitions, and nobody else does.
      const from = runs.runs.length
      const names = members.map(({ client }) => scenario.nameOf(client))
      await scenario.until(
        () => new Set(runs.runs.slice(from).map(({ partition }) => partition)).size === partitions,
        'messages of every partition',
      )
      for (const { instance, partition } of runs.runs.slice(from)) {
        const owner = owned()[names.indexOf(instance)]
        assert.ok(owner?.includes(partition) === true, `partition ${partition} is handled by who says that it has it`)
      }
    },
    async finish() {
      await scenario.until(() => load.results.length >= 600, 'a load worth the name')
      const sent = await load.stop()
      await scenario.until(() => sent.every(({ id }) => runs.done.has(id)), `${sent.length} messages`, {
        saw: () => runs.done.size,
      })
    },
  }
}
