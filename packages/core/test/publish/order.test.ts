import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSluiceError } from '../../src/errors/sluice-error.js'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { defineTopic } from '../../src/model/topic.js'
import { unchecked } from '../../src/model/schema.js'
import { adapterError } from '../../src/spi/adapter-error.js'
import type { SendBatch } from '../../src/spi/sending.js'
import { refused, stored, uncertain, type Fate, type FakeBroker } from './fake-broker.js'
import { publishing } from './publishing.js'

const topic = defineTopic('orders', { schema: unchecked<{ k: string | null }>(), key: (p) => p.k })

const unwritten: Fate = {
  isStored: false,
  result: { kind: 'unwritten', error: adapterError('DISCONNECTED', 'the connection is gone', { retryable: true }) },
}

/** Numbers in [0, 1) from a seed, the same each time. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Sent {
  readonly id: string
  readonly key: string | null
  outcome: string
}

/** First storings per key, as the places of the messages in the order of their calls. */
function firstsPerKey(broker: FakeBroker, sent: readonly Sent[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map(sent.map(({ id }, place) => [id, place]))
  const perKey = new Map<string, number[]>()
  for (const id of broker.firsts()) {
    const place = places.get(id) ?? -1
    const key = sent[place]?.key
    if (typeof key === 'string') perKey.set(key, [...(perKey.get(key) ?? []), place])
  }
  return perKey
}

interface RunOptions {
  readonly seed: number
  readonly strict: boolean
  readonly fate: (random: () => number) => (envelope: { readonly id: string }, batch: SendBatch) => Fate
  /** Some callers give up early. */
  readonly impatient: boolean
}

async function run(options: RunOptions): Promise<{ readonly broker: FakeBroker; readonly sent: readonly Sent[] }> {
  const random = randomFrom(options.seed)
  const clock = createSimulatedClock()
  const decide = options.fate(random)
  const { broker, publisher } = publishing({
    clock,
    partitions: 2,
    publishOrder: options.strict ? 'strict' : 'pipelined',
    outstanding: { batches: 1 + Math.floor(random() * 3), messages: 1 + Math.floor(random() * 12), bytes: 4096 },
    fate: (envelope, _, batch) => decide(envelope, batch),
    deliver: (reports) => {
      for (const report of reports) clock.after(random() * 30, report)
    },
  })
  const sent: Sent[] = []
  const aborts: AbortController[] = []
  for (let n = 0; n < 60; n += 1) {
    const key = random() < 0.2 ? null : `k${Math.floor(random() * 4)}`
    const message: Sent = { id: `m${n}`, key, outcome: 'pending' }
    sent.push(message)
    const abort = new AbortController()
    aborts.push(abort)
    const timeoutMs = options.impatient && random() < 0.3 ? Math.floor(random() * 200) : 600_000
    publisher.publish(topic, { k: key }, { id: message.id, timeoutMs, signal: abort.signal }).then(
      (receipt) => {
        message.outcome = receipt.id === message.id ? 'stored' : 'another id'
      },
      (error: unknown) => {
        message.outcome = isSluiceError(error) ? error.code : 'an error of another kind'
      },
    )
    if (options.impatient && random() < 0.1) clock.after(random() * 100, () => abort.abort())
    if (random() < 0.3) await clock.advance(random() * 10)
  }
  await clock.runUntil(() => sent.every(({ outcome }) => outcome !== 'pending'), 700_000)
  expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
  // What was given up may still be out: its report ends the last timer.
  await clock.advance(2_000)
  expect(clock.pending).toBe(0)
  expect(broker.violations).toEqual([])
  return { broker, sent }
}

/** Every answer says what is true at the broker. */
function expectHonest(broker: FakeBroker, sent: readonly Sent[]): void {
  const there = new Set(broker.firsts())
  const lies = sent.filter(({ id, outcome }) => {
    if (outcome === 'stored') return !there.has(id)
    if (outcome === 'UNCERTAIN') return false
    return there.has(id) || !['TIMEOUT', 'ABORTED', 'REFUSED'].includes(outcome)
  })
  expect(lies).toEqual([])
}

function expectOrdered(broker: FakeBroker, sent: readonly Sent[]): void {
  for (const places of firstsPerKey(broker, sent).values()) {
    expect(places).toEqual([...places].toSorted((a, b) => a - b))
  }
}

/** A connection that breaks at a random message: what follows is lost until the publisher begins afresh. */
function breakingConnection(random: () => number): (envelope: unknown, batch: SendBatch) => Fate {
  const broken = new Map<number, boolean>()
  let lastBatch: SendBatch | undefined
  return (_, batch) => {
    if (batch !== lastBatch && batch.resend) broken.set(batch.partition, false)
    lastBatch = batch
    if (broken.get(batch.partition) === true) return random() < 0.5 ? unwritten : uncertain(false)
    if (random() > 0.08) return stored
    broken.set(batch.partition, true)
    return uncertain(random() < 0.5)
  }
}

describe('the order of a key', () => {
  it('survives a connection that breaks at any message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.boolean(), async (seed, strict) => {
        const { broker, sent } = await run({ seed, strict, fate: breakingConnection, impatient: false })
        expect(new Set(sent.map(({ outcome }) => outcome))).toEqual(new Set(['stored']))
        expectHonest(broker, sent)
        expectOrdered(broker, sent)
      }),
      { numRuns: 60 },
    )
  })

  it('survives callers that give up, and every answer is true', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.boolean(), async (seed, strict) => {
        const { broker, sent } = await run({ seed, strict, fate: breakingConnection, impatient: true })
        expectHonest(broker, sent)
        expectOrdered(broker, sent)
      }),
      { numRuns: 60 },
    )
  })

  it('strict: survives any mix of nacks, losses and refusals in mid-pipeline', async () => {
    const anything = (random: () => number) => (): Fate => {
      const chance = random()
      if (chance < 0.6) return stored
      if (chance < 0.7) return refused()
      return chance < 0.8 ? unwritten : uncertain(random() < 0.5)
    }
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.boolean(), async (seed, impatient) => {
        const { broker, sent } = await run({ seed, strict: true, fate: anything, impatient })
        expectHonest(broker, sent)
        expectOrdered(broker, sent)
      }),
      { numRuns: 60 },
    )
  })

  it.each([0, 1, 2, 3, 4])(
    'one uncertain message in place %i: it is written again before anything newer',
    async (place) => {
      const clock = createSimulatedClock()
      let once = true
      const { broker, publisher } = publishing({
        clock,
        fate: (envelope) => {
          if (envelope.id !== `m${place}` || !once) return stored
          once = false
          return uncertain(false)
        },
      })
      const all = Array.from({ length: 5 }, async (_, n) => publisher.publish(topic, { k: 'k' }, { id: `m${n}` }))
      await clock.advance(0)
      const later = publisher.publish(topic, { k: 'k' }, { id: 'later' })
      await clock.advance(20)
      const receipts = await Promise.all([...all, later])
      expect(receipts.map(({ id }) => id)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'later'])
      expect(broker.batches.map(({ resend, envelopes }) => [resend, envelopes.map(({ id }) => id)])).toEqual([
        [false, ['m0', 'm1', 'm2', 'm3', 'm4']],
        [true, [`m${place}`]],
        [false, ['later']],
      ])
      // The same object: nothing was encoded or numbered again.
      expect(broker.batches[1]?.envelopes[0]).toBe(broker.batches[0]?.envelopes[place])
    },
  )

  it('strict: holds a message back until the one before it of its key is reported', async () => {
    const clock = createSimulatedClock()
    const { broker, publisher } = publishing({ clock, publishOrder: 'strict' })
    const keys = ['a', 'b', 'a', 'c', null, null]
    const all = keys.map(async (k, n) => publisher.publish(topic, { k }, { id: `m${n}` }))
    await clock.advance(0)
    await Promise.all(all)
    expect(broker.batches.map(({ envelopes }) => envelopes.map(({ id }) => id))).toEqual([
      ['m0', 'm1'],
      ['m2', 'm3', 'm4', 'm5'],
    ])
  })

  it('waits for every report before it writes again', async () => {
    const clock = createSimulatedClock()
    const reports: (() => void)[] = []
    let first = true
    const { broker, publisher } = publishing({
      clock,
      fate: () => {
        if (!first) return stored
        first = false
        return uncertain(true)
      },
      deliver: (given) => reports.push(...given),
    })
    const all = Array.from({ length: 3 }, async (_, n) => publisher.publish(topic, { k: 'k' }, { id: `m${n}` }))
    await clock.advance(0)
    reports[0]?.()
    reports[1]?.()
    await clock.advance(10_000)
    expect(broker.batches).toHaveLength(1)
    reports[2]?.()
    await clock.advance(1_000)
    expect(broker.batches.map(({ resend }) => resend)).toEqual([false, true])
    reports[3]?.()
    const receipts = await Promise.all(all)
    expect(receipts.map(({ id }) => id)).toEqual(['m0', 'm1', 'm2'])
  })

  it('goes on without a message that was given up between its report and that of its neighbour', async () => {
    const clock = createSimulatedClock()
    const reports: (() => void)[] = []
    const fates = [uncertain(false), stored]
    const { broker, publisher } = publishing({
      clock,
      fate: () => fates.shift() ?? stored,
      deliver: (given) => reports.push(...given),
    })
    const abort = new AbortController()
    const first = publisher
      .publish(topic, { k: 'k' }, { id: 'm0', signal: abort.signal })
      .catch((error: unknown) => error)
    const second = publisher.publish(topic, { k: 'k' }, { id: 'm1' })
    await clock.advance(0)
    const third = publisher.publish(topic, { k: 'k' }, { id: 'm2' })
    reports[0]?.()
    abort.abort()
    expect(await first).toMatchObject({ code: 'UNCERTAIN' })
    reports[1]?.()
    await clock.advance(1_000)
    reports[2]?.()
    expect([(await second).id, (await third).id]).toEqual(['m1', 'm2'])
    expect(broker.firsts()).toEqual(['m1', 'm2'])
  })
})
