import {
  bytesCodec,
  defineTopic,
  jsonCodec,
  unchecked,
  type Codec,
  type DeadLetter,
  type StandardSchema,
} from '@sluice/core'
import type { HeaderList } from '@sluice/core/spi'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { HarnessLimits } from '../../harness.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns } from '../../scenario/consuming.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import type { Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** One name stands twice, where the broker knows such headers. */
const foreignHeaders = ({ repeatedHeaders = true }: HarnessLimits): HeaderList => [
  ['x-text', 'zwölf 日本語'],
  ...(repeatedHeaders ? ([['x-repeated', 'one']] as const) : []),
  ['x-repeated', 'two'],
  ['x-bytes', bytes(0, 255, 128, 10)],
  ['x-empty', ''],
]

interface Bad {
  readonly id: string
  readonly body: Uint8Array
  readonly contentType?: string
}

/** S7: what no codec can read goes among the dead letters once, as it was, and neither runs nor comes again. */
export const undecodable: Conformance = defineConformance({
  id: 'S7',
  parallel: true,
  minimum: { messages: 18, keys: 2 },
  async run(scenario) {
    await badBytes(scenario)
    await tombstones(scenario)
  },
})

async function badBytes(scenario: Scenario): Promise<void> {
  const topic = scenario.keyedTopic({ partitions: 1, groups: ['all', 'other'] })
  const client = await scenario.messaging('client')
  const headers = foreignHeaders(scenario.harness.limits)
  const all = await scenario.consume(client, topic, { group: 'all' })
  const bad: readonly Bad[] = [
    { id: scenario.newId(), body: text('{"key":"k0",') },
    { id: scenario.newId(), body: bytes(0xff, 0xfe, 0x00, 0x80) },
    { id: scenario.newId(), body: new Uint8Array(0) },
    { id: scenario.newId(), body: text('{}'), contentType: 'application/x-unknown' },
    { id: scenario.newId(), body: Uint8Array.from({ length: 50_000 }, (_, index) => index % 251) },
  ]
  await scenario.publishAll(client, topic, { count: 4, keys: 2 })
  const results = await scenario.sendRaw(
    topic.name,
    bad.map((message) => ({ ...message, key: 'k0', headers, type: 'foreign' })),
  )
  scenario.count({ messages: bad.length })
  assert.ok(
    results.every(({ kind }) => kind === 'stored'),
    'the broker takes raw messages',
  )
  const after = await scenario.publishAll(client, topic, { count: 4, keys: 2 })
  await scenario.until(() => after.every(({ id }) => all.done.has(id)), 'the messages behind the undecodable ones')
  await untilDepth(scenario, topic.name, 'all')
  assert.equal(all.runs.length, 8, 'runs: nothing that cannot be decoded reaches a handler')
  const { deadLettered, retried } = all.subscription.stats()
  assert.equal([deadLettered, retried], [bad.length, 0], 'dead-lettered, retried')
  const letters = await listDeadLetters(client, topic, 'all')
  assert.equal(
    letters.map(({ id }) => id),
    bad.map(({ id }) => id),
    'dead letters: each once, in the order of the key',
  )
  for (const [index, letter] of letters.entries()) {
    const { body, contentType = 'application/json' } = bad[index] as Bad
    assert.ok(letter.body !== null && Buffer.compare(letter.body, body) === 0, `${letter.id} has its bytes`)
    assert.equal(
      [letter.contentType, letter.type, letter.key],
      [contentType, 'foreign', 'k0'],
      `content of ${letter.id}`,
    )
    expectKept(letter, headers)
    assert.equal(letter.reason, 'UNDECODABLE', `reason of ${letter.id}`)
    assert.atLeast(letter.error?.message.length ?? 0, 10, `length of the explanation of ${letter.id}`)
    assert.equal([letter.originTopic, letter.originGroup], [topic.name, 'all'], `origin of ${letter.id}`)
    assert.equal(letter.attempts, 0, `attempts of ${letter.id}, which no handler has seen`)
  }
  assert.equal((await listDeadLetters(client, topic, 'other')).length, 0, 'dead letters of a group that read nothing')
}

/** Every header is still there, with its bytes, in its order. */
function expectKept(letter: DeadLetter, headers: HeaderList): void {
  const names = new Set(headers.map(([name]) => name))
  const kept = letter.headers.filter(([name]) => names.has(name))
  const plain = (list: HeaderList): readonly string[] =>
    list.map(
      ([name, value]) => `${name}=${Buffer.from(typeof value === 'string' ? text(value) : value).toString('hex')}`,
    )
  assert.equal(plain(kept), plain(headers), `headers of ${letter.id}`)
}

async function tombstones(scenario: Scenario): Promise<void> {
  const client = await scenario.messaging('client')
  const headers = foreignHeaders(scenario.harness.limits)
  const decoded: unknown[] = []
  const codec: Codec = {
    ...jsonCodec,
    decode: (body) => {
      decoded.push(body)
      return jsonCodec.decode(body)
    },
  }
  const base = { schema: unchecked<Item>(), key: (item: Item | null) => item?.key ?? null, codec, groups: ['all'] }
  const allowed = defineTopic(scenario.topicName(), { ...base, tombstones: true })
  const refused = defineTopic(scenario.topicName(), base)
  const raw = defineTopic(scenario.topicName(), {
    schema: unchecked<Uint8Array>(),
    codec: bytesCodec,
    tombstones: true,
    groups: ['all'],
  })
  const into = emptyRuns<Item | null>()
  const allowedRuns = await scenario.consume(client, allowed, { group: 'all' }, undefined, into)
  const refusedRuns = await scenario.consume(client, refused, { group: 'all' })
  const rawRuns = await scenario.consume(client, raw, { group: 'all' })
  await client.publish(allowed, null, { key: 'gone' })
  await client.publish(raw, null)
  const ids = [scenario.newId(), scenario.newId()]
  await scenario.sendRaw(allowed.name, [{ id: ids[0] ?? '', body: null, key: 'gone too', headers }])
  await scenario.sendRaw(refused.name, [{ id: ids[1] ?? '', body: null, key: 'gone', headers }])
  await client.publish(refused, { key: 'gone', n: 1 })
  scenario.count({ messages: 5 })
  await scenario.until(
    () => allowedRuns.done.size === 2 && rawRuns.done.size === 1 && refusedRuns.done.size === 1,
    'tombstones to be handled',
    { saw: () => [allowedRuns.done.size, rawRuns.done.size, refusedRuns.done.size] },
  )
  for (const { message } of [...allowedRuns.runs, ...rawRuns.runs])
    assert.ok(message.payload === null, `payload of the tombstone ${message.id}`)
  assert.equal(
    allowedRuns.runs.map(({ message }) => message.key).sort(),
    ['gone', 'gone too'],
    'keys of the tombstones',
  )
  assert.equal(decoded.length, 1, 'bodies that the codec saw: only the one message that has one')
  for (const topic of [allowed, refused, raw]) await untilDepth(scenario, topic.name, 'all')
  const letters = await listDeadLetters(client, refused, 'all')
  assert.equal(
    letters.map(({ id, body, reason, key }) => [id, body, reason, key]),
    [[ids[1] ?? '', null, 'INVALID_PAYLOAD', 'gone']],
    'dead letters of a topic without tombstones',
  )
  for (const letter of letters) expectKept(letter, headers)
  assert.equal((await listDeadLetters(client, allowed, 'all')).length, 0, 'dead letters of a topic with tombstones')
}

interface Order {
  readonly amount: number
}

function orderSchema(later: boolean): StandardSchema<Order, Order> {
  const judge = (
    value: unknown,
  ): { value: Order } | { issues: readonly { message: string; path: readonly string[] }[] } => {
    const amount = (value as { amount?: unknown } | null)?.amount
    if (typeof amount === 'number') return { value: { amount: amount * 2 } }
    return { issues: [{ message: 'must be a number', path: ['amount'] }] }
  }
  return {
    '~standard': {
      version: 1,
      vendor: 'kit',
      validate: (value) => (later ? Promise.resolve(judge(value)) : judge(value)),
    },
  }
}

/** S13: what its schema does not accept is no matter for a handler, and no matter for another attempt. */
export const invalidBySchema: Conformance = defineConformance({
  id: 'S13',
  parallel: true,
  minimum: { messages: 2 * 30 + 1 },
  async run(scenario) {
    const client = await scenario.messaging('client')
    for (const later of [false, true]) {
      const name = scenario.topicName()
      const loose = defineTopic(name, { schema: unchecked<unknown>(), groups: ['all'] })
      const strict = defineTopic(name, { schema: orderSchema(later), groups: ['all'] })
      const all = await scenario.consume(client, strict, { group: 'all', concurrency: 5 })
      const publisher = await scenario.messaging('publisher')
      const wrong = [{ amount: '1' }, {}, [], 'text', 7, true, { amounts: 1 }, { amount: null }, '', 0]
      const bad = new Map<string, unknown>()
      for (let index = 0; index < 30; index++) {
        const payload = index % 3 === 0 ? wrong[index / 3] : { amount: index }
        const { id } = await publisher.publish(loose, payload)
        if (index % 3 === 0) bad.set(id, payload)
      }
      scenario.count({ messages: 30 })
      await scenario.until(
        () => all.done.size === 20 && all.subscription.stats().deadLettered === bad.size,
        'valid messages to be handled and the others to be dead-lettered',
        { saw: () => [all.done.size, all.subscription.stats()] },
      )
      await untilDepth(scenario, name, 'all')
      assert.equal(all.runs.length, 20, 'runs')
      assert.equal(all.subscription.stats().retried, 0, 'retries')
      const amounts = all.runs.map(({ message }) => message.payload.amount).sort((a, b) => a - b)
      const due = Array.from({ length: 30 }, (_, index) => index).filter((index) => index % 3 !== 0)
      assert.equal(
        amounts,
        due.map((index) => index * 2),
        'payloads, as the schema has made them',
      )
      const letters = await listDeadLetters(client, strict, 'all')
      assert.equal(letters.map(({ id }) => id).sort(), [...bad.keys()].sort(), 'dead letters')
      for (const { id, body, reason, error, attempts } of letters) {
        assert.equal(Buffer.from(body ?? []).toString(), JSON.stringify(bad.get(id)), `body of ${id}`)
        assert.equal([reason, attempts], ['INVALID_PAYLOAD', 0], `reason and attempts of ${id}`)
        assert.ok(error?.message.includes('amount must be a number'), `${id} says what is wrong: ${error?.message}`)
      }
    }
    await unhandledType(scenario)
  },
})

/** A type that nobody handles, or none, is no matter for another attempt either. */
async function unhandledType(scenario: Scenario): Promise<void> {
  const client = await scenario.messaging('client')
  const topic = defineTopic(scenario.topicName(), { types: { known: unchecked<number>() }, groups: ['all'] })
  const seen: number[] = []
  await client.subscribe(topic, { group: 'all' }, { known: ({ payload }) => void seen.push(payload) })
  const ids = [scenario.newId(), scenario.newId(), scenario.newId()]
  await scenario.sendRaw(topic.name, [
    { id: ids[0] ?? '', body: text('1'), type: 'unknown' },
    { id: ids[1] ?? '', body: text('2') },
    { id: ids[2] ?? '', body: text('3'), type: 'toString' },
  ])
  await client.publish(topic, 4, { type: 'known' })
  scenario.count({ messages: 4 })
  await scenario.until(() => seen.length > 0, 'the message of a known type')
  await untilDepth(scenario, topic.name, 'all')
  assert.equal(seen, [4], 'payloads that were handled')
  const letters = await listDeadLetters(client, topic, 'all')
  assert.equal(
    letters.map(({ id, reason }) => [id, reason]),
    ids.map((id) => [id, 'UNHANDLED_TYPE']),
    'dead letters',
  )
}
