import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { startPacedLoad } from '../../scenario/paced-load.js'
import type { Client } from '../../scenario/clients.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import type { Published } from '../../scenario/publishing.js'
import { untilDepth } from '../../scenario/settled.js'

const members = 3

/** D7: one of three consumers is killed at any moment, and a publisher with it; some of the handlers it kills have run for long. */
export const kills: Conformance = defineConformance({
  id: 'D7',
  needs: { faults: ['kill'] },
  minimum: { messages: 500, keys: 40, faults: 5 },
  timeoutMs: 60_000,
  run: (scenario) => killAtRandom(scenario, scenario.keyedTopic({ partitions: 6, groups: ['all'] })),
})

/** D7: the same without order. */
export const killsUnordered: Conformance = defineConformance({
  id: 'D7',
  part: 'unordered',
  needs: { faults: ['kill'] },
  minimum: { messages: 500, faults: 5 },
  timeoutMs: 60_000,
  run: (scenario) => killAtRandom(scenario, scenario.plainTopic({ groups: ['all'] })),
})

async function killAtRandom(scenario: Scenario, topic: ItemTopic<boolean>): Promise<void> {
  const { storeMs } = scenario.harness.timings
  const into = emptyRuns<Item>()
  const begin = async (): Promise<Client> => {
    const client = await scenario.messaging('member')
    // Some run longer than the broker needs to store an end: who settles too early is found out.
    const body = (): Promise<void> => takes(scenario.random() < 0.01 ? storeMs * 1.2 : scenario.random() * 3)
    await scenario.consume(client, topic, { group: 'all', concurrency: 40 }, body, into)
    return client
  }
  const current: Client[] = []
  for (let member = 0; member < members; member++) current.push(await begin())
  const publisher = await scenario.messaging('publisher')
  const load = await startPacedLoad(scenario, publisher, topic, { keys: topic.keyed ? 40 : 0 })
  const doomed: Published[] = []
  for (let kill = 0; kill < scenario.kills; kill++) {
    const place = Math.floor(scenario.random() * members)
    const enough = into.done.size + 50 + Math.floor(scenario.random() * 200)
    await scenario.until(() => into.done.size > enough, `messages before kill ${kill + 1}`)
    await scenario.faults.underLoad(`kill ${kill + 1}`, async () => {
      await killPublisher(scenario, topic, doomed)
      await scenario.faults.kill(current[place] as Client)
      current[place] = await begin()
    })
  }
  const results = [...(await load.stop()), ...doomed]
  await scenario.until(
    () => results.every(({ id, result }) => result !== 'ok' || into.done.has(id)),
    'everything that was confirmed',
    { saw: () => [results.length, into.done.size] },
  )
  await untilDepth(scenario, topic.name, 'all')
  for (const { id, attempt } of into.runs) assert.equal(attempt, 1, `attempt of ${id}, which has not failed`)
  const report = scenario.check({ groups: [{ topic: topic.name, group: 'all' }], resendsPerDoubt: 3 })
  assert.atMost(report.counts.duplicates, report.duplicateBound, 'messages that were handled twice')
}

/** A process that ends in mid-publish: what was confirmed to it before is owed to everybody. */
async function killPublisher(scenario: Scenario, topic: ItemTopic<boolean>, doomed: Published[]): Promise<void> {
  const client = await scenario.messaging('doomed')
  let confirmed = 0
  let dead = false
  const publishing = Array.from({ length: 20 }, async (_, index) => {
    const key = topic.keyed ? `doomed-${scenario.nameOf(client)}-${index % 4}` : null
    const published = await scenario.publishOne(client, topic, scenario.item(topic, key))
    if (dead) return
    confirmed++
    doomed.push(published)
  })
  await scenario.until(() => confirmed > 0, 'a publish to be confirmed')
  dead = true
  await scenario.faults.kill(client)
  // They never end, as those of a process that is gone.
  for (const one of publishing) one.catch(() => undefined)
}
