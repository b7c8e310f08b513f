import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns, type Consumption, type Runs } from '../../scenario/consuming.js'
import type { Client } from '../../scenario/clients.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

interface Member {
  readonly client: Client
  readonly consumption: Consumption<Item>
}

/**
 * R14: members come and go and partitions are moved by hand without a pause in between, far faster than anybody needs it. There is
 * progress between any ten of them, and all of it was planned: nothing is lost, nothing runs twice.
 */
export const rebalanceStorm: Conformance = defineConformance({
  id: 'R14',
  parallel: true,
  needs: { faults: ['handOver'] },
  minimum: { messages: 1_000, keys: 64, faults: 20 },
  timeoutMs: 120_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 8, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const runs: Runs<Item> = emptyRuns()
    const members: Member[] = []
    const join = async (): Promise<void> => {
      const client = await scenario.messaging('member')
      const options = { group: 'all', concurrency: 16 }
      const body = (): Promise<void> => takes(scenario.random() * 3)
      members.push({ client, consumption: await scenario.consume(client, topic, options, body, runs) })
    }
    for (let left = 3; left > 0; left--) await join()
    const load = scenario.startLoad(publisher, topic, { inFlight: 32, keys: 64, handled: () => runs.done.size })
    const rounds = scenario.long ? 600 : 120
    let moved = 0
    let handled = 0
    for (let round = 0; round < rounds; round++) {
      const chance = scenario.random()
      if (chance < 0.15 && members.length < 5) await join()
      else if (chance < 0.3 && members.length > 2) {
        const [leaver] = members.splice(Math.floor(scenario.random() * members.length), 1)
        const { clean, leftRunning } = await (leaver as Member).client.close()
        assert.equal([clean, leftRunning], [true, 0], 'a close in the storm: clean, handlers left')
      } else if (await move()) moved++
      if (round % 10 === 9) {
        const before = handled
        await scenario.until(() => runs.done.size >= before + 100, 'progress in the storm', {
          saw: () => runs.done.size,
        })
        handled = runs.done.size
      }
    }
    const sent = await load.stop()
    await scenario.until(() => sent.every(({ id }) => runs.done.has(id)), `${sent.length} messages`, {
      saw: () => runs.done.size,
    })
    await untilDepth(scenario, topic.name, 'all')
    assert.atLeast(moved, rounds / 6, 'partitions that were moved by hand')
    const owned = (): readonly number[] =>
      members.flatMap(({ consumption }) => consumption.subscription.stats().partitions).toSorted((a, b) => a - b)
    await scenario.until(() => owned().join() === '0,1,2,3,4,5,6,7', 'every partition to have one owner', {
      saw: owned,
    })
    assert.ok(
      runs.runs.every(({ attempt }) => attempt === 1),
      'no attempt is counted for a hand-over',
    )
    const { counts } = scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    assert.equal(counts.duplicates, 0, 'messages that ran twice')

    /** A partition that is on its way already cannot be moved; the storm goes on with the next. */
    async function move(): Promise<boolean> {
      const to = members[Math.floor(scenario.random() * members.length)] as Member
      const partition = Math.floor(scenario.random() * 8)
      if (to.consumption.subscription.stats().partitions.includes(partition)) return false
      try {
        await scenario.faults.handOver({ topic: topic.name, group: 'all' }, partition, to.client)
        return true
      } catch {
        return false
      }
    }
  },
})
