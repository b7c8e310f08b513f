import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'

const keys = 32
/** The backlog of all the faults, on a machine that may do other things too. */
const drainMs = 15_000

/**
 * O5: kills between joins and leaves, under load. After a kill a key begins again at its earliest unfinished message and goes on without
 * a gap; only what was not stored by then runs again.
 */
export const movesAndKills: Conformance = defineConformance({
  id: 'O5',
  needs: { faults: ['kill'] },
  minimum: { messages: 2_000, keys, faults: 9 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 6, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const runs = emptyRuns<Item>()
    const members: Client[] = []
    const join = async (): Promise<void> => {
      const client = await scenario.messaging(`member-${members.length}`)
      members.push(client)
      const body = (): Promise<void> => takes(scenario.random() * 3)
      await scenario.consume(client, topic, { group: 'all', concurrency: 16 }, body, runs)
    }
    const any = (): Client => members.splice(Math.floor(scenario.random() * members.length), 1)[0] as Client
    const { underLoad, kill } = scenario.faults
    await join()
    await join()
    const load = scenario.startLoad(publisher, topic, { inFlight: 64, keys, handled: () => runs.done.size })
    const rounds = scenario.long ? 15 : 3
    for (let round = 0; round < rounds; round++) {
      await underLoad('a join', join)
      await underLoad('a kill', () => kill(any()))
      await underLoad('a leave right after a join', async () => {
        await join()
        const report = await any().close()
        assert.ok(report.clean, 'a planned leave is clean')
      })
    }
    const sent = await load.stop()
    await scenario.until(() => sent.every(({ id }) => runs.done.has(id)), `${sent.length} messages`, {
      saw: () => runs.done.size,
      timeoutMs: Math.max(drainMs, 2 * scenario.harness.timings.patienceMs),
    })
    const first = new Map<string | null, number>()
    for (const { message } of runs.runs) {
      const { key, n } = message.payload
      const due = first.get(key) ?? 0
      assert.atMost(n, due, `number of a message of ${key}: none is skipped`)
      if (n === due) first.set(key, due + 1)
    }
    const { counts, duplicateBound } = scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    assert.atMost(counts.duplicates, duplicateBound, 'duplicates')
  },
})
