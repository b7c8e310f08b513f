import type { Limiter } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { ItemTopic } from '../../scenario/item.js'
import { expectDepth, runsById, untilDepth } from '../../scenario/settled.js'

/** Lets nothing start: what is handed over waits at its gate. */
const closed: Limiter = { name: 'closed', attach: () => ({ take: () => Infinity, close: () => undefined }) }

const handOvers = 30
const count = 24

/**
 * S17: thirty processes get the messages and start none; one in three each is killed, loses its connection and closes. The thirty-first
 * handles them as if they were new.
 */
export const neverStarted: Conformance = defineConformance({
  id: 'S17',
  needs: { faults: ['kill', 'cut'] },
  parallel: true,
  minimum: { messages: 2 * count, keys: 4, faults: 2 * 20 },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 1, groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
    await Promise.all(topics.map((topic) => handedOver(scenario, topic)))
    scenario.check({ groups: topics.map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

async function handedOver(scenario: Scenario, topic: ItemTopic<boolean>): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const sent = await scenario.publishAll(publisher, topic, topic.keyed ? { count, keys: 4 } : { count })
  for (let turn = 0; turn < handOvers; turn++) {
    const client = await scenario.messaging('unable')
    let claimed = 0
    client.on('claim', ({ state }) => void (state === 'claimed' && claimed++))
    const all = await scenario.consume(client, topic, { group: 'all', retry: false, rateLimit: closed })
    const handed = (): boolean => all.subscription.stats().waiting === count
    await scenario.until(handed, `hand-over ${turn + 1} of ${count} messages`, { saw: () => all.subscription.stats() })
    if (turn % 3 === 0) await scenario.faults.kill(client)
    else {
      if (turn % 3 === 1) {
        const before = claimed
        await scenario.faults.loseClaims(client)
        await scenario.until(() => claimed > before && handed(), 'the messages to come again after the cut')
      }
      const report = await client.close()
      assert.equal([report.clean, report.leftWaiting], [true, count], 'report of a close: clean, left waiting')
    }
    assert.equal(all.runs.length, 0, 'runs behind a gate that is closed')
  }
  await expectDepth(scenario, topic.name, 'all', count)

  const able = await scenario.messaging('able')
  const options = { group: 'all', retry: fixedRetry(1, { attempts: 2 }), breaker: false } as const
  const all = await scenario.consume(able, topic, options, ({ payload: { n } }, { attempt }) => {
    // One failure counts as one: the next attempt is the second and last, and it is allowed.
    if (n % 4 === 0 && attempt === 1) throw new Error('once')
  })
  await scenario.until(() => all.done.size === count, `${count} messages`, {
    saw: () => [all.done.size, all.subscription.stats()],
  })
  const times = runsById(all.runs)
  for (const { id, item } of sent) {
    const attempts = all.runs.filter((run) => run.id === id).map(({ attempt }) => attempt)
    assert.equal(attempts, item.n % 4 === 0 ? [1, 2] : [1], `attempts of ${id} after ${handOvers} hand-overs`)
  }
  assert.equal(times.size, count, 'messages that ran')
  await untilDepth(scenario, topic.name, 'all')
  assert.equal((await listDeadLetters(publisher, topic, 'all')).length, 0, 'dead letters')
}
