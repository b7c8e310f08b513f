import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { createLatch } from '../../scenario/handler-work.js'
import type { ItemTopic } from '../../scenario/item.js'
import { turns } from '../../scenario/turns.js'
import { untilDepth } from '../../scenario/settled.js'

const neighbours = 40
const killsNeeded = 5

/**
 * S18: a handler ends its process whenever it gets one message, with others running beside it. Five times, then the message is among the
 * dead letters and nothing else is; no neighbour is lost.
 */
export const killerMessage: Conformance = defineConformance({
  id: 'S18',
  needs: { faults: ['kill'] },
  parallel: true,
  minimum: { messages: 4 * (neighbours + 1), keys: 8, faults: 4 * killsNeeded },
  async run(scenario) {
    const first = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const middle = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    const stored = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    await killAndKill(scenario, first, { place: 0 })
    await killAndKill(scenario, middle, { place: neighbours / 2 })
    await killAndKill(scenario, plain, { place: 5 })
    await killAndKill(scenario, stored, { place: 5, onlyAlone: true })
    scenario.check({
      groups: [first, middle, plain, stored].map(({ name }) => ({ topic: name, group: 'all' })),
      requireSeenDeadLetters: true,
      // The killer has no run that ended: the history cannot know when its key goes on. The handler looks at that.
      unorderedGroups: ['all'],
    })
  },
})

interface Course {
  /** Place of the killer among the messages. */
  readonly place: number
  /** Neighbours end only while nothing runs beside them, and what they have ended is stored before the killer strikes. @default false */
  readonly onlyAlone?: boolean
}

async function killAndKill(
  scenario: Scenario,
  topic: ItemTopic<boolean>,
  { place, onlyAlone = false }: Course,
): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const sent = await scenario.publishAll(
    publisher,
    topic,
    topic.keyed ? { count: neighbours + 1, keys: onlyAlone ? neighbours + 1 : 8 } : { count: neighbours + 1 },
  )
  const { id: killer = '', item: killing } = sent[place] ?? {}
  let kills = 0
  const done = new Set<string>()
  const besides: number[] = []
  for (let process = 0; ; process++) {
    assert.atMost(process, killsNeeded, 'processes that the message has ended')
    const client = await scenario.messaging('process')
    let killed = false
    let running = 0
    const into = { runs: [], done }
    const all = await scenario.consume(
      client,
      topic,
      { group: 'all', retry: false, concurrency: 10 },
      async ({ id, payload: { key, n } }) => {
        running++
        if (key !== null && key === killing?.key && kills < killsNeeded)
          assert.atMost(n, killing.n, 'number of a message of the same key while the killer has not ended')
        // Neighbours take a little longer than the killer, so those that run beside it go down with it.
        await turns(id === killer ? 2 : 6)
        if (id !== killer && onlyAlone && running > 1 && kills < killsNeeded) await new Promise(() => undefined)
        if (id === killer) {
          if (onlyAlone && running === 1) await untilDepth(scenario, topic.name, 'all', neighbours + 1 - done.size)
          kills++
          killed = true
          besides.push(running - 1)
          await scenario.faults.kill(client)
          await new Promise(() => undefined)
        }
        running--
      },
      into,
    )
    await scenario.until(
      () => killed || all.subscription.stats().deadLettered > 0,
      'the message to end its process or to be dead-lettered',
      { saw: () => [kills, done.size, all.subscription.stats()] },
    )
    if (killed) continue
    await scenario.until(() => done.size === neighbours, `${neighbours} neighbours`, { saw: () => done.size })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(all.subscription.stats().deadLettered, 1, 'dead letters of the last process')
    break
  }
  assert.equal(kills, killsNeeded, 'processes that the message has ended')
  assert.equal(besides.slice(3), [0, 0], 'handlers that ran beside the killer once it was suspected')
  const letters = await recordDeadLetters(scenario, publisher, topic, 'all')
  assert.equal(
    letters.map(({ id, reason }) => [id, reason]),
    [[killer, 'CRASH_LOOP']],
    'dead letters: the killer and no neighbour',
  )
}

const cuts = 8

/** S18: a handler whose connection breaks again and again has ended no process, however often its message is handed over. */
export const innocentMessage: Conformance = defineConformance({
  id: 'S18',
  part: 'innocent',
  needs: { faults: ['cut'] },
  parallel: true,
  minimum: { messages: 10, faults: 2 * cuts },
  async run(scenario) {
    const topics = [scenario.keyedTopic({ partitions: 1, groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
    for (const topic of topics) {
      const client = await scenario.messaging('client')
      await scenario.publishAll(client, topic, topic.keyed ? { count: 5, keys: 5 } : { count: 5 })
      const latches = Array.from({ length: cuts }, () => createLatch())
      let runs = 0
      let claims = 0
      client.on('claim', ({ state }) => void (state === 'claimed' && claims++))
      const all = await scenario.consume(client, topic, { group: 'all', retry: false }, async ({ payload }) => {
        if (payload.n === 0 && (payload.key ?? 'k0') === 'k0') await latches[runs++]?.opened
      })
      for (const [index, latch] of latches.entries()) {
        await scenario.until(() => runs === index + 1, `run ${index + 1} of the message`, {
          saw: () => [runs, all.subscription.stats()],
        })
        const before = claims
        await scenario.faults.loseClaims(client, 'consume')
        await scenario.until(() => claims > before && all.subscription.stats().waiting > 0, 'the message to come again')
        latch.open()
      }
      await scenario.until(() => runs === cuts + 1 && all.done.size === 5, 'all messages', {
        saw: () => [runs, all.done.size, all.subscription.stats()],
      })
      await untilDepth(scenario, topic.name, 'all')
      assert.equal((await recordDeadLetters(scenario, client, topic, 'all')).length, 0, 'dead letters')
      for (const { id, attempt } of all.runs) assert.equal(attempt, 1, `attempt of ${id}`)
    }
    scenario.check()
  },
})
