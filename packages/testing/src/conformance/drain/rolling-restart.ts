import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { startPacedLoad } from '../../scenario/paced-load.js'
import type { Client } from '../../scenario/clients.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { runsById, untilDepth } from '../../scenario/settled.js'

const members = 3

/** D4: three consumers under load are replaced one by one, twice: first the old one leaves, then the new one joins, and the other way round. */
export const rollingRestart: Conformance = defineConformance({
  id: 'D4',
  minimum: { messages: 500, keys: 60, faults: 2 * members },
  timeoutMs: 60_000,
  async run(scenario) {
    await restartAll(scenario, scenario.keyedTopic({ partitions: 6, groups: ['all'] }))
  },
})

/** D4: the same without order, where every consumer reads everything. */
export const rollingRestartUnordered: Conformance = defineConformance({
  id: 'D4',
  part: 'unordered',
  minimum: { messages: 500, faults: 2 * members },
  timeoutMs: 60_000,
  async run(scenario) {
    await restartAll(scenario, scenario.plainTopic({ groups: ['all'] }))
  },
})

async function restartAll(scenario: Scenario, topic: ItemTopic<boolean>): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const into = emptyRuns<Item>()
  const begin = async (): Promise<Client> => {
    const client = await scenario.messaging('member')
    const body = (): Promise<void> => takes(scenario.random() < 0.1 ? 15 : scenario.random() * 2)
    await scenario.consume(client, topic, { group: 'all', concurrency: 20, retry: false }, body, into)
    return client
  }
  const end = async (client: Client): Promise<void> => {
    const report = await client.close()
    scenario.recorder.fault({ kind: 'closed', instance: scenario.nameOf(client) })
    assert.equal([report.clean, report.leftRunning], [true, 0], 'report of a close: clean, left running')
    const late = into.runs.filter(({ instance, outcome }) => instance === scenario.nameOf(client) && outcome !== 'ok')
    assert.equal(late.length, 0, 'handlers of the closed consumer that have not ended well')
  }
  const current: Client[] = []
  for (let member = 0; member < members; member++) current.push(await begin())
  const load = await startPacedLoad(scenario, publisher, topic, { keys: topic.keyed ? 60 : 0 })
  for (let restart = 0; restart < 2 * members; restart++) {
    const place = restart % members
    await scenario.faults.underLoad(`restart ${restart + 1}`, async () => {
      const old = current[place] as Client
      if (restart < members) {
        await end(old)
        current[place] = await begin()
      } else {
        current[place] = await begin()
        await end(old)
      }
      const name = scenario.nameOf(current[place])
      await scenario.until(() => into.runs.some(({ instance }) => instance === name), 'the new consumer to have work')
    })
  }
  const results = await load.stop()
  await scenario.until(() => results.every(({ id }) => into.done.has(id)), `${results.length} messages`, {
    saw: () => into.done.size,
  })
  await untilDepth(scenario, topic.name, 'all')
  assert.equal(runsById(into.runs).size, results.length, 'messages that ran')
  const twice = [...runsById(into.runs)].filter(([, times]) => times > 1)
  assert.equal(twice, [], 'messages that ran more than once')
  scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
}
