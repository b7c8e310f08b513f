import { createSimulatedClock, type SimulatedClock } from '@sluice/core/memory'
import type { Adapter } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { timeMark } from '../src/delayed-record.js'
import { errorCodes } from '../src/wire/error-codes.js'
import { KafkaError } from '../src/wire/kafka-error.js'
import { FakeKafka } from './fake-cluster.js'
import { openOn, send, soon, topologyOf, unorderedTopologyOf } from './open-on.js'
import { consume as consumeOn, textOf, type Consumption } from './recording-sink.js'

const group = { topic: 'orders', group: 'mail' }
const retry = 'orders.mail.retry'
const delay = 'orders.mail.delay'

/** What takes simulated time. */
async function drive<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let over = false
  const ended = promise.finally(() => {
    over = true
  })
  await clock.runUntil(() => over, 60_000)
  return ended
}

interface Bench {
  readonly clock: SimulatedClock
  readonly kafka: FakeKafka
  readonly adapter: Adapter
  readonly consume: () => Promise<Consumption>
  readonly delayed: (ids: readonly string[], delayMs: number, partition?: number) => Promise<unknown>
  /** When each came to the group, by its text; more than once in the order in which it came. */
  readonly arrivals: (id: string) => readonly number[]
}

async function broker(): Promise<Bench> {
  const clock = createSimulatedClock({ start: 5 })
  const kafka = new FakeKafka(clock)
  const { adapter } = await openOn(kafka)
  await drive(clock, adapter.provision(unorderedTopologyOf(2, ['mail']), 'declare', soon()))
  const arrived: { readonly id: string; readonly atMs: number }[] = []
  const append = kafka.append.bind(kafka)
  kafka.append = (to, records) => {
    if (to.topic === retry) {
      for (const { value } of records)
        arrived.push({ id: Buffer.from(value ?? []).toString(), atMs: clock.monotonic() })
    }
    return append(to, records)
  }
  const consume = async (): Promise<Consumption> => {
    const consumption = await drive(clock, consumeOn(adapter, { order: 'none' }))
    await clock.runUntil(() => consumption.sink.claims.length > 0, 1_000)
    return consumption
  }
  return {
    ...{ clock, kafka, adapter, consume },
    delayed: (ids, delayMs, partition = 0) =>
      drive(clock, send(adapter, { ids, partition, to: { to: 'group', group, delayMs } })),
    arrivals: (id) => arrived.filter((one) => one.id === id).map(({ atMs }) => atMs),
  }
}

const committed = (kafka: FakeKafka, partition: number) =>
  kafka.group('orders.mail').committed({ topic: delay, partition }).offset

describe('a message with a delay', () => {
  it('comes when it is over, never before, and a little later at most', async () => {
    const { clock, consume, delayed, arrivals } = await broker()
    const { sink } = await consume()
    const delays = [1, 25, 99, 100, 101, 250, 279, 1_000, 1_601, 5_000, 30_000, 61_000, 3_600_000]
    const sinceMs = clock.monotonic()
    for (const delayMs of delays) await delayed([`for ${delayMs}`], delayMs, delayMs % 2)
    await clock.runUntil(() => sink.deliveries.length === delays.length, 4_000_000)
    for (const delayMs of delays) {
      const [atMs = 0, ...more] = arrivals(`for ${delayMs}`)
      expect(more).toEqual([])
      expect(atMs - sinceMs).toBeGreaterThanOrEqual(delayMs)
      expect(atMs - sinceMs).toBeLessThanOrEqual(delayMs + 150)
    }
  })

  it('is what it was, in the partition that it came from', async () => {
    const { clock, kafka, adapter, consume } = await broker()
    const { sink } = await consume()
    await drive(clock, send(adapter, { ids: ['plain'], partition: 1, to: { to: 'group', group } }))
    await drive(clock, send(adapter, { ids: ['late'], partition: 1, to: { to: 'group', group, delayMs: 2_000 } }))
    await clock.runUntil(() => sink.deliveries.length === 2, 10_000)
    const [plain, late] = kafka.log({ topic: retry, partition: 1 }).records
    const text = (value: Uint8Array | null | undefined): string => Buffer.from(value ?? []).toString()
    expect(late?.headers.map(([name]) => name)).toEqual(plain?.headers.map(([name]) => name))
    expect({ ...late, headers: [], value: text(late?.value) }).toEqual({
      ...{ offset: 1, key: null, value: 'late', headers: [], timestampMs: 1_000 },
    })
  })

  it('does not wait behind one that waits longer', async () => {
    const { clock, consume, delayed, arrivals } = await broker()
    await consume()
    const sinceMs = clock.monotonic()
    await delayed(['long'], 400_000)
    await delayed(['short'], 300)
    await clock.runUntil(() => arrivals('short').length > 0, 1_000)
    expect(clock.monotonic() - sinceMs).toBeLessThan(500)
    expect(arrivals('long')).toEqual([])
  })

  it('is timed by the broker: the wall clock here may be moved', async () => {
    const { clock, consume, delayed, arrivals } = await broker()
    await consume()
    const sinceMs = clock.monotonic()
    await delayed(['a'], 5_000)
    clock.setWall(clock.now() + 3_600_000)
    await clock.advance(4_990)
    expect(arrivals('a')).toEqual([])
    clock.setWall(clock.now() - 7_200_000)
    await clock.runUntil(() => arrivals('a').length === 1, 1_000)
    expect((arrivals('a')[0] ?? 0) - sinceMs).toBeGreaterThanOrEqual(5_000)
  })

  it('waits while nobody reads the group, and comes at once when its time has passed meanwhile', async () => {
    const { clock, kafka, consume, delayed, arrivals } = await broker()
    await delayed(['a'], 5_000)
    await delayed(['b'], 60_000)
    await clock.advance(20_000)
    // Another process: it has heard no time of the broker yet.
    const { adapter } = await openOn(kafka)
    const sinceMs = clock.monotonic()
    const { sink } = await drive(clock, consumeOn(adapter, { order: 'none' }))
    await clock.runUntil(() => sink.texts.includes('a'), 1_000)
    await clock.runUntil(() => sink.texts.includes('b'), 41_000)
    expect((arrivals('b')[0] ?? 0) - sinceMs).toBeGreaterThan(39_900)
    await consume()
    expect([...arrivals('a'), ...arrivals('b')]).toHaveLength(2)
  })

  it('comes though whoever leads the group was there before anything could be delayed, or cares for order', async () => {
    const clock = createSimulatedClock({ start: 5 })
    const kafka = new FakeKafka(clock)
    const { adapter } = await openOn(kafka)
    await drive(clock, adapter.provision(topologyOf(2, ['mail']), 'declare', soon()))
    const before = await drive(clock, consumeOn(adapter, { order: 'key' }))
    const other = await openOn(kafka)
    await drive(clock, other.adapter.provision(unorderedTopologyOf(2, ['mail']), 'declare', soon()))
    const after = await drive(clock, consumeOn(other.adapter, { order: 'none' }))
    await clock.runUntil(() => before.sink.claims.length > 0 && after.sink.claims.length > 0, 5_000)
    const to = { to: 'group', group, delayMs: 300 } as const
    await drive(clock, send(other.adapter, { ids: ['a', 'b'], to }))
    const texts = (): readonly string[] => [...before.sink.texts, ...after.sink.texts].toSorted()
    await clock.runUntil(() => texts().length === 2, 2_000)
    expect(texts()).toEqual(['a', 'b'])
    // What waits is read by those who care for order too, when nobody else is there.
    await drive(clock, send(other.adapter, { ids: ['c'], to: { ...to, delayMs: 3_000 } }))
    await drive(clock, before.consumer.close(soon()))
    await drive(clock, after.consumer.close(soon()))
    const last = await drive(clock, consumeOn(adapter, { order: 'key' }))
    await clock.runUntil(() => last.sink.texts.includes('c'), 5_000)
  })

  it('comes once through hand-overs and goodbyes', async () => {
    const { clock, kafka, consume, delayed, arrivals } = await broker()
    const one = await consume()
    const ids = Array.from({ length: 60 }, (_, index) => `m${index}`)
    for (const [index, id] of ids.entries()) await delayed([id], 50 + index * 100, index % 2)
    const { adapter } = await openOn(kafka)
    await clock.advance(1_000)
    const other = await drive(clock, consumeOn(adapter, { order: 'none' }))
    await clock.advance(1_500)
    await drive(clock, one.consumer.close(soon()))
    await clock.advance(1_500)
    const third = await consume()
    await clock.advance(1_000)
    await drive(clock, other.consumer.close(soon()))
    await clock.runUntil(() => ids.every((id) => arrivals(id).length > 0), 10_000)
    await clock.advance(1_000)
    expect(ids.map((id) => arrivals(id).length)).toEqual(ids.map(() => 1))
    expect(third.sink.failures).toEqual([])
  })

  it('is not lost with its process, and never early after that', async () => {
    const { clock, kafka, consume, delayed, arrivals } = await broker()
    await consume()
    const sinceMs = clock.monotonic()
    const ids = Array.from({ length: 30 }, (_, index) => `m${index}`)
    for (const [index, id] of ids.entries()) await delayed([id], 100 + index * 100)
    await clock.advance(1_000)
    for (const member of [...kafka.group('orders.mail').members]) member.lose()
    await consume()
    await clock.runUntil(() => ids.every((id) => arrivals(id).length > 0), 10_000)
    for (const [index, id] of ids.entries()) {
      for (const atMs of arrivals(id)) expect(atMs - sinceMs).toBeGreaterThanOrEqual(100 + index * 100)
    }
  })

  it('is tried again until it is stored where it goes, and those that are stored stay that', async () => {
    const { clock, kafka, consume, delayed, arrivals } = await broker()
    await consume()
    let refusals = 0
    const error = new KafkaError('not now', { kind: 'server', code: errorCodes.topicAuthorizationFailed })
    kafka.fate = ({ topic, partition }) => {
      if (topic !== retry || partition !== 0 || refusals === 4) return undefined
      refusals += 1
      return Promise.resolve({ kind: 'refused', error })
    }
    await delayed(['stuck'], 10, 0)
    await delayed(['free'], 10, 1)
    const sinceMs = clock.monotonic()
    await clock.runUntil(() => arrivals('free').length > 0, 1_000)
    expect((arrivals('free')[0] ?? Infinity) - sinceMs, 'not behind the one that is stuck').toBeLessThan(500)
    await clock.runUntil(() => arrivals('stuck').length > 0, 60_000)
    await clock.advance(30_000)
    expect([arrivals('stuck').length, arrivals('free').length]).toEqual([1, 1])
    expect(refusals).toBe(4)
  })

  it('does not move on while the group can store nothing', async () => {
    const { clock, kafka, consume, delayed, arrivals } = await broker()
    await consume()
    await delayed(['first'], 10)
    await clock.runUntil(() => arrivals('first').length > 0, 1_000)
    kafka.commitTrouble = new KafkaError('not now', { kind: 'server', code: errorCodes.coordinatorNotAvailable })
    await delayed(['a'], 10)
    await clock.runUntil(() => arrivals('a').length > 0, 1_000)
    await clock.advance(2_000)
    await delayed(['b'], 10)
    await clock.advance(5_000)
    expect(arrivals('b')).toEqual([])
    kafka.commitTrouble = undefined
    await clock.runUntil(() => arrivals('b').length > 0, 5_000)
  })

  it('that cannot be read as one comes at once: nothing is passed over that may be a message', async () => {
    const { clock, kafka, consume, arrivals } = await broker()
    const foreign = (value: string, ...headers: readonly string[]): void => {
      const bytes = headers.map((text) => ['sluice-delay', Buffer.from(text)] as const)
      kafka.append({ topic: delay, partition: 7 }, [
        { key: null, value: Buffer.from(value), headers: bytes, timestampMs: 0 },
      ])
    }
    foreign('without')
    foreign('of a version to come', '60000 0 0 more')
    foreign('a mark', 'mark')
    const { sink } = await consume()
    await clock.runUntil(() => sink.deliveries.length === 2, 5_000)
    expect(sink.texts).toEqual(['without', 'of a version to come'])
    expect(arrivals('a mark')).toEqual([])
    await clock.advance(1_000)
    expect(committed(kafka, 7)).toBe(3)
  })

  it('leaves behind how far each level has got, marks of the time passed over', async () => {
    const { clock, kafka, consume, delayed, arrivals } = await broker()
    kafka.append({ topic: delay, partition: 0 }, [timeMark])
    await delayed(['a'], 50)
    await consume()
    kafka.append({ topic: delay, partition: 0 }, [timeMark])
    await clock.runUntil(() => arrivals('a').length > 0, 1_000)
    await clock.advance(1_000)
    expect(committed(kafka, 0)).toBe(kafka.log({ topic: delay, partition: 0 }).end)
  })

  it('that retention has taken is reported, and those behind it come', async () => {
    const { clock, kafka, consume, delayed, arrivals } = await broker()
    await delayed(['a', 'b'], 60_000)
    await delayed(['c'], 60_000)
    const log = kafka.log({ topic: delay, partition: 5 })
    log.start = 2
    log.records.splice(0, 2)
    const { sink } = await consume()
    await clock.runUntil(() => arrivals('c').length > 0, 62_000)
    expect(sink.notices).toMatchObject([{ kind: 'position-lost', count: 2 }])
    expect(sink.failures).toEqual([])
  })

  it('of which there are many moves on with the others that are due', async () => {
    const { clock, kafka, consume, delayed, arrivals } = await broker()
    const { sink, consumer } = await consume()
    let batches = 0
    kafka.fate = () => {
      batches += 1
      return undefined
    }
    const ids = Array.from({ length: 4_000 }, (_, index) => `m${index}`)
    await delayed(ids, 500)
    await clock.runUntil(() => arrivals('m3999').length > 0, 5_000)
    expect(batches).toBeLessThan(100)
    for (let settled = 0; settled < ids.length;) {
      await clock.runUntil(() => sink.deliveries.length > settled, 1_000)
      for (const delivery of sink.deliveries.slice(settled)) consumer.done(delivery)
      settled = sink.deliveries.length
    }
    expect(new Set(sink.deliveries.map(textOf)).size).toBe(ids.length)
  })
})
