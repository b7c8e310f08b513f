import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { listDeadLetters, recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import type { ItemTopic } from '../../scenario/item.js'
import type { Published } from '../../scenario/publishing.js'

const others = 500

/** O9: with `dead-letter` a key goes on when the copy is there; without retries that is after one attempt. */
export const deadLetterThenOn: Conformance = defineConformance({
  id: 'O9',
  parallel: true,
  minimum: { messages: others + 6, keys: 17 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['three', 'one'] })
    const client = await scenario.messaging('both')
    const fail = ({ payload }: { readonly payload: { readonly key: string | null; readonly n: number } }): void => {
      if (payload.key === 'bad' && payload.n % 2 === 0) throw new RangeError(`cannot do ${payload.n}`)
    }
    const three = await scenario.consume(
      client,
      topic,
      { group: 'three', retry: fixedRetry(5, { attempts: 3 }), concurrency: 1 },
      fail,
    )
    const one = await scenario.consume(client, topic, { group: 'one', retry: false }, fail)
    const bad = await publishKey(scenario, client, topic, 'bad', 6)
    await scenario.publishAll(client, topic, { count: others })
    await scenario.until(
      () =>
        three.done.size === others + 3 && one.done.size === others + 3 && deadLettered(three) + deadLettered(one) === 6,
      'everything in both groups',
      { saw: () => [three.done.size, one.done.size] },
    )
    for (const [group, consumption, attempts] of [
      ['three', three, [1, 2, 3]],
      ['one', one, [1]],
    ] as const) {
      assert.equal(
        consumption.runs
          .filter(({ message }) => message.payload.key === 'bad')
          .map(({ message, attempt }) => [message.payload.n, attempt]),
        [0, 1, 2, 3, 4, 5].flatMap((n) => (n % 2 === 1 ? [[n, 1]] : attempts.map((attempt) => [n, attempt]))),
        `runs of the key in group ${group}: number and attempt`,
      )
      const letters = await recordDeadLetters(scenario, client, topic, group)
      assert.equal(
        letters.map((letter) => [letter.id, letter.attempts, letter.error?.name, letter.error?.message, letter.key]),
        [0, 2, 4].map((n) => [bad[n]?.id, attempts.length, 'RangeError', `cannot do ${n}`, 'bad']),
        `dead letters of group ${group}, oldest first`,
      )
      assert.ok(
        letters.every(({ originTopic, originGroup }) => originTopic === topic.name && originGroup === group),
        'dead letters say where they are from',
      )
    }
    scenario.check({
      groups: ['three', 'one'].map((group) => ({ topic: topic.name, group })),
      requireSeenDeadLetters: true,
    })

    function deadLettered({ subscription }: typeof three): number {
      return subscription.stats().deadLettered
    }
  },
})

/** O9: with `hold` the key stands still, visibly and without a slot, until somebody lets it go: to try again, or to the dead letters. */
export const holdUntilReleased: Conformance = defineConformance({
  id: 'O9',
  part: 'hold',
  parallel: true,
  minimum: { messages: 2 * others + 8, keys: 18 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const client = await scenario.messaging('both')
    const events: string[] = []
    client.on('held', ({ id }) => events.push(id))
    let mended = false
    const options = {
      ...{ group: 'all', concurrency: 1, onExhausted: 'hold' as const },
      ...{ retry: fixedRetry(2, { attempts: 2 }), breaker: false as const },
    }
    const all = await scenario.consume(client, topic, options, ({ payload }) => {
      if (payload.n === 0 && (payload.key === 'bad' || (payload.key === 'worse' && !mended))) throw new Error('broken')
    })
    const runsOf = (key: string): readonly (readonly [number, number])[] =>
      all.runs.filter(({ message }) => message.payload.key === key).map((run) => [run.message.payload.n, run.attempt])
    const bad = await publishKey(scenario, client, topic, 'bad', 3)
    const worse = await publishKey(scenario, client, topic, 'worse', 3)
    const ids = [bad[0]?.id ?? '', worse[0]?.id ?? '']
    await scenario.until(() => all.subscription.held().length === 2, 'both keys to be held')
    await publishKey(scenario, client, topic, 'bad', 1)
    await publishKey(scenario, client, topic, 'worse', 1)
    await scenario.publishAll(client, topic, { count: others })
    await scenario.until(() => all.done.size === others, 'all other keys, with one slot', { saw: () => all.done.size })

    const twice = [
      [0, 1],
      [0, 2],
    ] as const
    assert.equal([runsOf('bad'), runsOf('worse')], [[...twice], [...twice]], 'runs of the keys that are held')
    assert.equal(
      all.subscription
        .held()
        .map(({ id, key, error }) => [id, String(key), (error as Error).message])
        .toSorted(),
      [
        [ids[0] ?? '', 'bad', 'broken'],
        [ids[1] ?? '', 'worse', 'broken'],
      ].toSorted(),
      'what is held: id, key, error',
    )
    assert.equal(events.toSorted(), ids.toSorted(), 'events of holds')
    const { status, subscriptions } = client.health()
    assert.ok(status !== 'up', `health tells of it: ${status}`)
    assert.equal(
      subscriptions[0]?.stuck.map(({ id, reason }) => `${reason} ${id}`).toSorted(),
      ids.map((id) => `held ${id}`).toSorted(),
      'stuck keys in health',
    )
    assert.equal(await listDeadLetters(client, topic, 'all'), [], 'dead letters while they are held')

    assert.equal(all.subscription.release({ id: 'not there' }), 0, 'what is released by an id that is not there')
    // Released and still broken: it starts with its first attempt, and is held again.
    assert.equal(all.subscription.release({ id: ids[0] ?? '' }), 1, 'what is released by its id')
    await scenario.until(() => events.length === 3, 'the one that is still broken to be held again')
    assert.equal([runsOf('bad'), runsOf('worse')], [[...twice, ...twice], [...twice]], 'runs when one was released')
    assert.equal(all.subscription.held().length, 2, 'messages that are held')
    mended = true
    assert.equal(all.subscription.release({ id: ids[1] ?? '' }), 1, 'what is released when it is mended')
    await scenario.until(() => runsOf('worse').length === 6, 'the mended key to its end')
    assert.equal(
      runsOf('worse').slice(2),
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 1],
      ],
      'runs of the key that was mended',
    )
    assert.equal(runsOf('bad').length, 4, 'runs of the key that is held on')
    assert.equal(all.subscription.release({ as: 'dead-letter' }), 1, 'what is released to the dead letters')
    await scenario.until(() => all.done.size === others + 7, 'the last key behind its dead letter')
    assert.equal(
      runsOf('bad').slice(4),
      [
        [1, 1],
        [2, 1],
        [3, 1],
      ],
      'runs of the key behind its dead letter',
    )
    const letters = await recordDeadLetters(scenario, client, topic, 'all')
    assert.equal(
      letters.map(({ id }) => id),
      [ids[0]],
      'dead letters',
    )
    assert.equal([all.subscription.held(), client.health().status], [[], 'up'], 'held, health')

    // Held at a close: the next consumer has it, and what waits behind it.
    mended = false
    const last = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const again = await scenario.consume(client, last, options, ({ payload }) => {
      if (payload.key === 'bad') throw new Error('broken')
    })
    await publishKey(scenario, client, last, 'bad', 3)
    await scenario.publishAll(client, last, { count: others })
    await scenario.until(() => again.subscription.held().length === 1 && again.done.size === others, 'the hold')
    const report = await client.close()
    assert.equal([report.clean, report.leftWaiting], [true, 3], 'report of the close: clean, left')
    const next = await scenario.consume(await scenario.messaging('next'), last, { group: 'all' })
    await scenario.until(() => next.done.size === 3, 'what was held, elsewhere')
    assert.equal(
      next.runs.map(({ message }) => message.payload.n),
      [0, 1, 2],
      'order of what was held',
    )
    scenario.check({ groups: [topic, last].map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})

async function publishKey(
  scenario: Scenario,
  client: Client,
  topic: ItemTopic<true>,
  key: string,
  count: number,
): Promise<readonly Published[]> {
  const items = Array.from({ length: count }, () => scenario.item(topic, key))
  return Promise.all(items.map((item) => scenario.publishOne(client, topic, item)))
}
