import { defineTopic, isSluiceError, unchecked } from '@sluice/core'
import { deadLetterName, groupName, maxNameLength, reservedSuffixes } from '@sluice/core/spi'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import type { Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

/** The shortest limit of a broker for derived names, in characters: that of Kafka for topics. */
const shortestLimit = 249

const schema = unchecked<Item>()

/** X7: what cannot be made, before anything is sent: two topics and groups whose derived names would be the same. */
export const noCollisions: Conformance = defineConformance({
  id: 'X7',
  parallel: true,
  async run(scenario) {
    const long = 'x'.repeat(maxNameLength + 1)
    const characters = [
      '',
      '.',
      '.a',
      'a.',
      'a..b',
      'a b',
      'a/b',
      'a*',
      'a#',
      'a:b',
      'ä',
      'a\n',
      'a\u0000',
      long,
      null,
      7,
    ]
    const suffixes = reservedSuffixes.flatMap((suffix) => [`a${suffix}`, `a.b${suffix}`])
    for (const name of [...characters, ...suffixes])
      expectRefused(() => defineTopic(name as string, { schema }), `topic ${String(name)}`)
    const reserved = reservedSuffixes.map((suffix) => suffix.slice(1))
    const groups = ['', '.', 'b.c', 'a b', 'a/b', 'ä', 'a\n', long, null, 7, ...reserved]
    for (const group of groups)
      expectRefused(() => defineTopic('a', { schema, groups: [group as string] }), `group ${String(group)} of a topic`)
    const client = await scenario.messaging('names')
    const topic = defineTopic(scenario.topicName(), { schema })
    for (const group of groups) {
      const what = `group ${String(group)}`
      await assert.rejects(
        client.subscribe(topic, { group: group as string }, () => undefined),
        'INVALID_NAME',
        what,
      )
      if (typeof group === 'string')
        await assert.rejects(client.provision([{ topic, groups: [group] }]), 'INVALID_NAME', what)
      expectRefused(() => client.deadLetters(topic, group as string), what)
    }
    await client.subscribe(topic, { group: 'once' }, () => undefined)
    await assert.rejects(
      client.subscribe(topic, { group: 'once' }, () => undefined),
      'NAME_COLLISION',
      'a second subscription of one group in one object',
    )
    // Every pair that can be made, of parts that were chosen to collide.
    const parts = ['a', 'b', 'c', 'a-b', 'a_b', ...reserved]
    const topics = parts.flatMap((one) => [one, ...parts.map((two) => `${one}.${two}`)]).filter(canBeMade)
    const derived = new Map<string, string>()
    for (const name of topics) {
      for (const group of parts.filter((part) => !reserved.includes(part))) {
        for (const made of [groupName(name, group), deadLetterName(name, group)]) {
          const owner = `topic ${name} group ${group}`
          assert.equal(derived.get(made), undefined, `who else has the name ${made} of ${owner}`)
          derived.set(made, owner)
          assert.ok(!topics.includes(made) || made === groupName(name, group), `${made} of ${owner} is no topic`)
        }
      }
    }
    const longest = deadLetterName('t'.repeat(maxNameLength), 'g'.repeat(maxNameLength))
    const spare = Math.max(...reservedSuffixes.map(({ length }) => length))
    assert.atMost(longest.length + spare, shortestLimit, 'longest derived name')
    assert.equal(client.health().status, 'up', 'health of whoever has asked for all that')
  },
})

/** X7: neighbours whose names come close, and the longest names that there are: at work beside each other, dead letters included. */
export const closeNames: Conformance = defineConformance({
  id: 'X7',
  part: 'at work',
  parallel: true,
  minimum: { messages: 200, keys: 4 },
  async run(scenario) {
    const base = scenario.topicName()
    const { dottedTwins = true } = scenario.harness.limits
    const client = await scenario.messaging('names')
    const pad = (name: string): string => `${name}${'-'.repeat(maxNameLength - name.length - 1)}x`
    const pairs = [
      [base, 'b'],
      [`${base}.b`, 'c'],
      [`${base}.b`, 'b'],
      [`${base}.b.c`, 'dlq-'],
      [`${base}-b`, 'c'],
      ...(dottedTwins ? ([[`${base}_b`, 'c']] as const) : []),
      [pad(base), 'g'.repeat(maxNameLength)],
      [pad(`${base}.l`), 'g'.repeat(maxNameLength)],
    ] as const
    const made = new Map<string, ReturnType<typeof topicOf>>()
    const seen = new Map<string, string[]>()
    for (const [name, group] of pairs) {
      const topic = made.get(name) ?? topicOf(name)
      made.set(name, topic)
      const ids: string[] = []
      seen.set(`${name} ${group}`, ids)
      await client.subscribe(topic, { group, retry: false, breaker: false }, ({ id, topic: from, payload }) => {
        assert.equal(from, name, `topic of ${id}`)
        ids.push(id)
        if (payload.n === 0) throw new Error('to the dead letters of its own group')
      })
    }
    if (!dottedTwins) {
      const twin = topicOf(`${base}_b`)
      const error = await assert.rejects(
        client.subscribe(twin, { group: 'c' }, () => undefined),
        'REFUSED',
        'a twin',
      )
      assert.ok(error.message.includes(`${base}.b`), `the refusal names the other topic: ${error.message}`)
    }
    const sent = new Map<string, readonly string[]>()
    for (const [name, topic] of made) {
      const ids = Array.from({ length: 34 }, () => scenario.newId())
      await Promise.all(ids.map((id, n) => client.publish(topic, { key: `k${n % 4}`, n }, { id })))
      scenario.count({ messages: ids.length, keys: 4 })
      sent.set(name, ids)
    }
    for (const [name, group] of pairs) {
      const ids = seen.get(`${name} ${group}`) ?? []
      const expected = sent.get(name) ?? []
      await scenario.until(() => ids.length >= expected.length, `messages of ${group} of ${name}`)
      await untilDepth(scenario, name, group)
      assert.equal(ids.toSorted(), expected.toSorted(), `messages of ${group} of ${name}`)
      const letters = await listDeadLetters(client, made.get(name) ?? topicOf(name), group)
      assert.equal(
        letters.map(({ id, originTopic, originGroup }) => [id, originTopic, originGroup]),
        [[expected[0], name, group]],
        `dead letters of ${group} of ${name}`,
      )
    }
  },
})

const topicOf = (name: string) => defineTopic(name, { schema, key: (item) => item.key, partitions: 1 })

function canBeMade(name: string): boolean {
  try {
    defineTopic(name, { schema })
    return true
  } catch {
    return false
  }
}

function expectRefused(make: () => unknown, what: string): void {
  let made: unknown
  try {
    made = make()
  } catch (error) {
    if (isSluiceError(error) && error.code === 'INVALID_NAME') return
    throw error
  }
  assert.fail(`${what} could be made: ${typeof made}`)
}
