import { defineTopic, memoryIdempotency, unchecked } from '@sluice/core'
import {
  silentLogger,
  systemClock,
  type Adapter,
  type Consumer,
  type ConsumeSink,
  type Inbound,
} from '@sluice/core/spi'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import { untilDepth } from '../../scenario/settled.js'

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes))

/** X5: what a plain client has written, without anything of Sluice: consumed like any other, in order, retried, dead-lettered, sent back. */
export const foreignMessages: Conformance = defineConformance({
  id: 'X5',
  parallel: true,
  minimum: { messages: 60 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    await client.provision([topic])
    const { repeatedHeaders = true } = scenario.harness.limits
    const foreign = Array.from({ length: 60 }, (_, n) => ({
      id: `foreign-${n}`,
      key: `k${n % 6}`,
      partition: n % 2,
      body: json({ key: `k${n % 6}`, n }),
      contentType: n % 3 === 0 ? 'application/json; charset=utf-8' : 'application/json',
      headers:
        n % 2 === 0
          ? []
          : ([
              ...(repeatedHeaders ? ([['traceparent', '00-1']] as const) : []),
              ['bytes', new Uint8Array([1, 255])],
              ['traceparent', '00-2'],
            ] as const),
    }))
    const results = await scenario.sendRaw(topic.name, foreign)
    assert.ok(
      results.every(({ kind }) => kind === 'stored'),
      'what a plain client has written is stored',
    )
    scenario.count({ messages: foreign.length })
    const retry = {
      name: 'two',
      placement: 'in-place',
      decide: ({ attempt }: { readonly attempt: number }) =>
        attempt >= 2 ? { kind: 'exhausted' as const } : { kind: 'retry' as const, delayMs: 1 },
    } as const
    let mended = false
    const all = await client.subscribe(topic, { group: 'all', retry }, (message, { attempt }) => {
      const { id, payload, key, headers, rawHeaders, type, correlationId } = message
      runs.push({ id, key: String(key), n: payload.n, attempt })
      assert.equal([type, correlationId], [undefined, undefined], `type, correlation id of ${id}`)
      const own = foreign[payload.n]?.headers.map(([name]) => name) ?? []
      if (!mended) {
        assert.equal(
          rawHeaders.map(([name]) => name),
          own,
          `raw headers of ${id}`,
        )
        assert.equal(
          Object.entries({ ...headers }),
          own.length === 0 ? [] : [['traceparent', '00-2']],
          `headers of ${id}`,
        )
      }
      if (payload.n % 10 === 7 && attempt === 1) throw new Error('fails once')
      if (payload.n >= 54 && !mended) throw new Error('fails for good')
    })
    const runs: { readonly id: string; readonly key: string; readonly n: number; readonly attempt: number }[] = []
    const settled = (): number => all.stats().acked + all.stats().deadLettered
    await scenario.until(() => settled() === 60, 'everything', { saw: () => [all.stats(), runs.length] })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal([all.stats().acked, all.stats().deadLettered], [54, 6], 'acked, dead-lettered')
    for (const key of new Set(foreign.map((message) => message.key))) {
      const numbers = runs.filter((run) => run.key === key).map(({ n }) => n)
      assert.equal(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `order of key ${key}`,
      )
    }
    const letters = await listDeadLetters(client, topic, 'all')
    for (const letter of letters) {
      const original = foreign.find(({ id }) => id === letter.id)
      assert.ok(original !== undefined, `dead letter ${letter.id} is one of them`)
      assert.equal(text(letter.body), text(original.body), `body of dead letter ${letter.id}`)
      assert.equal(letter.contentType, original.contentType, `content type of dead letter ${letter.id}`)
      for (const header of original.headers)
        assert.ok(
          letter.headers.some(
            ([name, value]) => name === header[0] && Buffer.from(value).equals(Buffer.from(header[1])),
          ),
          `dead letter ${letter.id} keeps header ${header[0]}`,
        )
    }
    mended = true
    assert.equal(await client.deadLetters(topic, 'all').redrive(), { redriven: 6, skipped: 0 }, 'redriven')
    await scenario.until(() => settled() === 66, 'what was sent back', { saw: () => all.stats() })
    assert.equal(all.stats().acked, 60, 'acked in the end')
  },
})

/** X5: without an id. It is handled; a store needs one: the position where the broker has one, else the `id` function, else NO_ID. */
export const foreignWithoutId: Conformance = defineConformance({
  id: 'X5',
  part: 'without id',
  parallel: true,
  minimum: { messages: 120 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['plain', 'stored', 'named'] })
    const client = await scenario.messaging('consumer')
    await client.provision([topic])
    // The same positions in each partition.
    const numbers = Array.from({ length: 40 }, (_, n) => n)
    await scenario.sendRaw(
      topic.name,
      numbers.map((n) => ({ id: '', key: `k${n}`, partition: n % 4, body: json({ key: `k${n}`, n }) })),
    )
    scenario.count({ messages: 3 * numbers.length })
    const seen: Record<string, number[]> = { plain: [], stored: [], named: [] }
    const positions: boolean[] = []
    const options = { concurrency: 10, breaker: false as const }
    const note = (group: string, n: number): void => void seen[group]?.push(n)
    const plain = await client.subscribe(topic, { ...options, group: 'plain' }, ({ id, payload }) => {
      positions.push(id !== '')
      note('plain', payload.n)
    })
    const stored = await client.subscribe(
      topic,
      { ...options, group: 'stored', idempotency: memoryIdempotency() },
      ({ payload }) => note('stored', payload.n),
    )
    const named = await client.subscribe(
      topic,
      {
        ...options,
        group: 'named',
        idempotency: memoryIdempotency({ id: ({ payload }) => String((payload as { readonly n: number }).n % 20) }),
      },
      ({ payload }) => note('named', payload.n),
    )
    const sum = (one: typeof plain): number => one.stats().acked + one.stats().skipped + one.stats().deadLettered
    await scenario.until(() => [plain, stored, named].every((one) => sum(one) === 40), 'every group', {
      saw: () => [plain, stored, named].map((one) => one.stats()),
    })
    const sorted = (group: string): readonly number[] => (seen[group] ?? []).toSorted((a, b) => a - b)
    assert.equal(sorted('plain'), numbers, 'messages without a store')
    assert.equal([named.stats().acked, named.stats().skipped], [20, 20], 'acked, skipped by ids of the `id` function')
    const hasPositions = positions.every(Boolean)
    assert.equal(hasPositions, positions.some(Boolean), 'either all of them have a position or none')
    if (hasPositions) {
      assert.equal(
        sorted('stored'),
        numbers,
        'messages with their positions as ids: those of two partitions are not the same',
      )
      assert.equal([stored.stats().skipped, stored.stats().deadLettered], [0, 0], 'skipped, dead-lettered')
    } else {
      assert.equal([seen['stored'], stored.stats().deadLettered], [[], 40], 'runs, dead letters without an id')
      const letters = await listDeadLetters(client, topic, 'stored')
      assert.ok(
        letters.length === 40 && letters.every(({ reason }) => reason === 'NO_ID'),
        `the dead letters say why: ${letters[0]?.reason}`,
      )
    }
  },
})

/** X5: what a plain client reads of a message of Sluice: the broker's own fields, a body without an envelope around it. */
export const readableMessages: Conformance = defineConformance({
  id: 'X5',
  part: 'readable',
  parallel: true,
  minimum: { messages: 3 },
  async run(scenario) {
    const name = scenario.topicName()
    const schema = unchecked<{ readonly customer: string; readonly amount: number }>()
    const topic = defineTopic(name, {
      types: { placed: schema },
      key: ({ customer }) => customer,
      partitions: 2,
      groups: ['reader'],
    })
    const client = await scenario.messaging('publisher')
    const before = Date.now()
    const sent = ['ada', 'bøb', ''].map((customer, amount) => ({ customer, amount }))
    for (const [index, payload] of sent.entries())
      await client.publish(topic, payload, {
        type: 'placed',
        id: `own-${index}`,
        headers: { source: 'shop' },
        correlationId: `request-${index}`,
      })
    const after = Date.now()
    scenario.count({ messages: sent.length })
    const read = await readRaw(scenario, name, 'reader', sent.length)
    for (const [index, payload] of sent.entries()) {
      const message = read.find(({ id }) => id === `own-${index}`)
      assert.ok(message !== undefined, `own-${index} has its id in the field of the broker`)
      assert.equal(text(message.body), JSON.stringify(payload), 'body: the payload alone')
      assert.equal(text(message.key), payload.customer, 'key: UTF-8 of the ordering key')
      const { contentType, correlationId, type, timestampMs = 0 } = message
      assert.equal([contentType, correlationId, type], ['application/json', `request-${index}`, 'placed'], 'fields')
      assert.ok(timestampMs >= before - 1 && timestampMs <= after + 1, `time of the publish: ${timestampMs}`)
      const foreign = message.headers.filter(([header]) => !header.startsWith('sluice-'))
      assert.equal(
        foreign.map(([header, value]) => [header, String(value)]),
        [['source', 'shop']],
        'headers of the application',
      )
      assert.equal(
        message.headers
          .filter(([header]) => header.startsWith('sluice-'))
          .map(([header, value]) => [header, String(value)]),
        [['sluice-version', '1']],
        'headers of Sluice: the version of its format, nothing else',
      )
    }
  },
})

/** Reads through the adapter alone, without core. What was read is left where it was. */
async function readRaw(
  { harness, until }: Scenario,
  topic: string,
  group: string,
  count: number,
): Promise<readonly Inbound[]> {
  const clientName = `${topic}-plain`
  const adapter: Adapter = harness.createAdapter({ clientName })
  const signal = AbortSignal.timeout(harness.timings.patienceMs)
  const read: Inbound[] = []
  const nothing = (): void => undefined
  await adapter.open(
    { clientName, clock: systemClock, log: silentLogger, state: nothing, routeChanged: nothing },
    signal,
  )
  const sink: ConsumeSink = {
    claimed: nothing,
    deliver: (_claim, deliveries) => void read.push(...deliveries),
    revoking: async () => undefined,
    lost: nothing,
    failed: nothing,
    noticed: nothing,
  }
  let consumer: Consumer | undefined
  try {
    consumer = await adapter.consume(
      {
        ...{ group: { topic, group }, order: 'key', from: 'creation', onPositionLost: 'fail' },
        ...{ window: { messages: 100, bytes: 1_000_000 }, drainMs: 1_000 },
      },
      sink,
      signal,
    )
    await until(() => read.length >= count, 'messages for a plain client', { saw: () => read.length })
    return read
  } finally {
    await consumer?.close(signal)
    await adapter.close(signal)
  }
}
