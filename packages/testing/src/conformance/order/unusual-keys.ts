import { defineTopic, unchecked, type Key } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import { turns } from '../../scenario/turns.js'

interface Numbered {
  readonly lane: string
  readonly n: number
  readonly bytes?: boolean
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Lanes and the keys that belong to them. Text and its UTF-8 bytes are one key; null is none. */
const lanes: Readonly<Record<string, readonly (Key | null)[]>> = {
  empty: ['', new Uint8Array(0)],
  accented: ['é', bytesOf('é')],
  wide: ['鍵🗝', bytesOf('鍵🗝')],
  decomposed: ['e\u0301'],
  notText: [Uint8Array.of(0xff, 0xfe, 0x00)],
  notTextEither: [Uint8Array.of(0xff, 0xfe, 0x01)],
  zero: ['\0'],
  proto: ['__proto__'],
  method: ['constructor'],
  spaced: [' '],
  long: ['x'.repeat(2_000)],
  mark: ['\ufeff'],
}

const each = 40

/** O6: every well-formed key is a lane of its own, from the empty one to bytes that are no text; null has none; the others are refused. */
export const unusualKeys: Conformance = defineConformance({
  id: 'O6',
  parallel: true,
  minimum: { messages: 500, keys: 12 },
  async run(scenario) {
    const topic = defineTopic(scenario.topicName(), {
      schema: unchecked<Numbered>(),
      key: ({ lane, n }) => lanes[lane]?.[n % (lanes[lane]?.length ?? 1)] ?? null,
      partitions: 3,
      groups: ['all'],
    })
    const client = await scenario.messaging('both')
    const names = Object.keys(lanes)
    const free = 30
    const go = createLatch()
    scenario.after(() => go.open())
    const next = new Map<string, number>()
    const open = new Set<string>()
    const mistakes: string[] = []
    let handled = 0
    let unkeyed = 0
    const concurrency = names.length + free
    const subscription = await client.subscribe(topic, { group: 'all', concurrency }, async ({ key, payload }) => {
      const { lane, n } = payload
      if (lane === 'none') {
        if (key !== null) mistakes.push(`a message without a key has ${String(key)}`)
        unkeyed++
        await go.opened
        return
      }
      if (open.has(lane) || n !== (next.get(lane) ?? 0))
        mistakes.push(`${lane} ${n} in place of ${next.get(lane) ?? 0}`)
      const own = lanes[lane]?.[0]
      const text = typeof own === 'string'
      if (text ? key !== own : Buffer.compare(Buffer.from(key ?? ''), Buffer.from(own ?? '')) !== 0)
        mistakes.push(`${lane} has the key ${String(key)}`)
      open.add(lane)
      next.set(lane, n + 1)
      if (n === 0) await go.opened
      else await takes(scenario.random() * 3)
      open.delete(lane)
      handled++
    })
    const count = names.length * each
    await Promise.all([
      ...Array.from({ length: count }, (_, index) =>
        client.publish(topic, { lane: names[index % names.length] ?? '', n: Math.floor(index / names.length) }),
      ),
      ...Array.from({ length: free }, (_, n) => client.publish(topic, { lane: 'none', n })),
    ])
    scenario.count({ messages: count + free, keys: names.length })
    await scenario.until(
      () => open.size === names.length && unkeyed === free,
      'one handler of every key and all messages without one, at the same time',
      { saw: () => [open.size, unkeyed] },
    )
    go.open()
    await scenario.until(() => handled === count, 'all messages with keys', { saw: () => handled })
    assert.equal(mistakes, [], 'keys that are wrong, out of order or overlap')
    await scenario.until(() => subscription.stats().acked === count + free, 'everything to be acked')

    for (const key of ['\ud800', 'a\udc00b', 7, {}, undefined] as unknown[]) {
      const wrong = defineTopic(topic.name, { schema: unchecked<Numbered>(), key: () => key as Key, partitions: 3 })
      const one = { lane: 'empty', n: each }
      const error = await assert.rejects(client.publish(wrong, one), 'INVALID_KEY', `a key that is ${String(key)}`)
      assert.equal(error.field, 'key', 'field that the error names')
      if (key !== undefined)
        await assert.rejects(client.publish(topic, one, { key: key as Key }), 'INVALID_KEY', 'the same as an option')
      const batch = await client.publishBatch(wrong, [{ payload: one }], { settled: true })
      assert.equal(batch[0]?.status === 'failed' && batch[0].error.code, 'INVALID_KEY', 'the same in a batch')
    }
    // A key as an option replaces the one of the topic, `null` included.
    await client.publish(topic, { lane: 'none', n: 0 }, { key: null })
    await client.publish(topic, { lane: 'empty', n: each }, { key: '' })
    await scenario.until(() => subscription.stats().acked === count + free + 2, 'messages with keys from options')
    assert.equal([handled, mistakes], [count + 1, []], 'handled with a key, mistakes')
  },
})

const cold = 10_000
const hot = 300

/** O6: a hot key that stands still, then runs, beside 10,000 keys of one message; one key on two topics is two lanes. */
export const hotAndCold: Conformance = defineConformance({
  id: 'O6',
  part: 'hot',
  minimum: { messages: cold + hot, keys: cold + 1 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const other = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const go = createLatch()
    scenario.after(() => go.open())
    let hotOpen = 0
    const all = await scenario.consume(client, topic, { group: 'all', concurrency: 20 }, async ({ payload }) => {
      if (payload.key !== 'hot') return
      assert.equal(++hotOpen, 1, 'handlers of the hot key at once')
      if (payload.n === 0) await go.opened
      else await turns(1)
      hotOpen--
    })
    const beside = await scenario.consume(client, other, { group: 'all' })
    const publisher = await scenario.messaging('publisher')
    await Promise.all(
      Array.from({ length: hot }, () => scenario.publishOne(publisher, topic, scenario.item(topic, 'hot'))),
    )
    await scenario.publishAll(publisher, topic, { count: cold, keys: cold, inFlight: 2_000 })
    await scenario.until(() => all.done.size === cold, `${cold} cold keys while the hot one stands still`, {
      saw: () => all.done.size,
    })
    const hotRuns = (): number => all.runs.filter(({ message }) => message.payload.key === 'hot').length
    assert.equal(hotRuns(), 1, 'handlers of the hot key that have started')
    await Promise.all(
      Array.from({ length: 50 }, () => scenario.publishOne(publisher, other, scenario.item(other, 'hot'))),
    )
    await scenario.until(() => beside.done.size === 50, 'the same key on another topic', {
      saw: () => beside.done.size,
    })
    assert.equal([hotRuns(), beside.runs.length], [1, 50], 'runs of the key on the one topic and on the other')
    go.open()
    // More cold ones: the hot key gets its turn beside them.
    const more = scenario.publishAll(publisher, topic, { count: 1_000, keys: cold, inFlight: 100 })
    await scenario.until(() => hotRuns() === hot, 'the hot key to its end', { saw: hotRuns })
    await more
    await scenario.until(() => all.done.size === cold + hot + 1_000, 'everything', { saw: () => all.done.size })
    scenario.check({ groups: [topic, other].map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})
