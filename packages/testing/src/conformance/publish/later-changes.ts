import { bytesCodec, defineTopic, unchecked, type StandardSchema } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'

interface Order {
  n: number
  list: number[]
  inner: { text: string }
}

/** A schema whose answer comes later: what is published is what was passed, not what it has become by then. */
const slowSchema: StandardSchema<Order, Order> = {
  '~standard': {
    version: 1,
    vendor: 'kit',
    validate: async (value) => {
      await new Promise((resolve) => setImmediate(resolve))
      return { value: value as Order }
    },
  },
}

/** P19: everything that a caller passes is changed right behind the call. */
export const laterChanges: Conformance = defineConformance({
  id: 'P19',
  parallel: true,
  minimum: { messages: 300 },
  async run(scenario) {
    await objects(scenario, unchecked<Order>(), 'an object')
    await objects(scenario, slowSchema, 'an object under an asynchronous schema')
    await bytes(scenario)
  },
})

async function objects(scenario: Scenario, schema: StandardSchema<Order, Order>, what: string): Promise<void> {
  const topic = defineTopic(scenario.topicName(), { schema, key: () => 'k', groups: ['all'] })
  // Little room: most of them wait for it when they are changed.
  const client = await scenario.messaging('publisher', { buffer: { messages: 10 } })
  const pending: Promise<unknown>[] = []
  for (let n = 0; n < 60; n++) {
    const order: Order = { n, list: [n], inner: { text: `text ${n}` } }
    const headers: Record<string, string> = { 'x-n': String(n) }
    const key = new TextEncoder().encode(`key ${n % 5}`)
    const options = { headers, key, id: scenario.newId(), correlationId: `c${n}` }
    if (n % 2 === 0) pending.push(client.publish(topic, order, options))
    else {
      const entry = { payload: order, ...options }
      const entries = [entry]
      pending.push(client.publishBatch(topic, entries))
      entry.payload = { n: -1, list: [], inner: { text: 'changed' } }
      entries.length = 0
    }
    order.n = -1
    order.list.push(-1)
    order.inner.text = 'changed'
    headers['x-n'] = 'changed'
    headers['x-more'] = 'changed'
    key.fill(0x78)
    options.id = 'changed'
    options.correlationId = 'changed'
  }
  await Promise.all(pending)
  scenario.count({ messages: 60 })
  const all = await scenario.consume(await scenario.messaging('reader'), topic, { group: 'all' })
  await scenario.until(() => all.done.size >= 60, `60 messages of ${what}`, { saw: () => all.done.size })
  const numbers = new Set<number>()
  for (const { id, message } of all.runs) {
    const { n } = message.payload
    numbers.add(n)
    assert.equal(message.payload, { n, list: [n], inner: { text: `text ${n}` } }, `payload of ${what}`)
    assert.equal({ ...message.headers }, { 'x-n': String(n) }, `headers of ${what}`)
    assert.equal([message.key, message.correlationId], [`key ${n % 5}`, `c${n}`], `key and correlation id of ${what}`)
    assert.ok(id !== 'changed', `id of ${what}`)
  }
  assert.equal(
    [numbers.size, numbers.has(-1)],
    [60, false],
    `numbers of ${what}: how many, and the changed one among them`,
  )
}

async function bytes(scenario: Scenario): Promise<void> {
  const topic = defineTopic(scenario.topicName(), {
    schema: unchecked<Uint8Array>(),
    codec: bytesCodec,
    groups: ['all'],
  })
  const client = await scenario.messaging('bytes')
  const shared = new Uint8Array(5_000)
  const pending: Promise<unknown>[] = []
  for (let n = 0; n < 200; n++) {
    shared.fill(n)
    pending.push(client.publish(topic, shared.subarray(n, 4_000)))
  }
  shared.fill(255)
  await Promise.all(pending)
  scenario.count({ messages: 200 })
  const all = await scenario.consume(await scenario.messaging('reader'), topic, { group: 'all' })
  await scenario.until(() => all.done.size >= 200, '200 messages from one array', { saw: () => all.done.size })
  const seen = new Set<number>()
  for (const { message } of all.runs) {
    const first = message.payload[0] ?? -1
    seen.add(first)
    assert.ok(
      message.payload.length === 4_000 - first && message.payload.every((byte) => byte === first),
      `bytes of message ${first}`,
    )
  }
  assert.equal(seen.size, 200, 'different messages from one array')
}
