import { describe, expect, it, vi } from 'vitest'
import { readCheckpoint } from '../src/checkpoint.js'
import { errorCodes } from '../src/wire/error-codes.js'
import { KafkaError } from '../src/wire/kafka-error.js'
import { FakeKafka } from './fake-cluster.js'
import { FakeMember } from './fake-group.js'
import { openOn, send, soon, topologyOf } from './open-on.js'
import { consume, textOf } from './recording-sink.js'

const first = { topic: 'orders', partition: 0 }

async function broker(partitions = 1, groups: readonly string[] = ['mail']) {
  const kafka = new FakeKafka()
  const { adapter } = await openOn(kafka)
  await adapter.provision(topologyOf(partitions, groups), 'declare', soon())
  return { kafka, adapter }
}

const committed = (kafka: FakeKafka, at = first) => kafka.group('orders.mail').committed(at)
const checkpointOf = (kafka: FakeKafka) => {
  const { offset = -1, metadata } = committed(kafka)
  return { offset, ...readCheckpoint(offset, metadata) }
}

describe('a consumer', () => {
  it('gets what its group has not settled, in order, and stores what is done', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a', 'b', 'c'] })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toEqual(['a', 'b', 'c']))
    expect(sink.claims).toMatchObject([{ partition: 0, exclusive: true, holdMs: Infinity }])
    const { id, position, claim, contentType, failures, handovers, starts } = sink.delivery('b')
    expect({ id, position, contentType, failures, handovers, starts }).toEqual({
      ...{ id: 'b', position: '1', contentType: 'text/plain', failures: 0, handovers: 0, starts: 0 },
    })
    expect(claim).toBe(sink.claims[0])
    for (const delivery of sink.deliveries) consumer.done(delivery)
    await consumer.stored(soon())
    expect(committed(kafka).offset).toBe(3)
    expect(consumer.unstored).toBe(0)
  })

  it('goes on where the group has got to: what is done ahead does not come again', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a', 'b', 'c', 'd'] })
    const one = await consume(adapter)
    await vi.waitFor(() => expect(one.sink.texts).toHaveLength(4))
    one.consumer.done(one.sink.delivery('a'))
    one.consumer.done(one.sink.delivery('c'))
    await one.consumer.stored(soon())
    expect(checkpointOf(kafka)).toMatchObject({ offset: 1, ahead: [{ first: 2, last: 2 }] })
    await one.consumer.close(soon())
    const other = await consume(adapter)
    await vi.waitFor(() => expect(other.sink.texts).toEqual(['b', 'd']))
    for (const delivery of other.sink.deliveries) other.consumer.done(delivery)
    await other.consumer.stored(soon())
    expect(committed(kafka).offset).toBe(4)
  })

  it('stores within a moment what is done, without being asked', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a', 'b'] })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toHaveLength(2))
    consumer.done(sink.delivery('b'))
    await vi.waitFor(() => expect(checkpointOf(kafka).ahead).toEqual([{ first: 1, last: 1 }]), { timeout: 250 })
  })

  it('hands over no more than the window, and goes on as that gets free', async () => {
    const { adapter } = await broker()
    await send(adapter, { ids: ['a', 'b', 'c', 'd', 'e'] })
    const { sink, consumer } = await consume(adapter, { window: { messages: 2, bytes: 1_000_000 } })
    await vi.waitFor(() => expect(consumer.buffered.messages).toBe(3))
    expect(sink.texts).toEqual(['a', 'b'])
    consumer.done(sink.delivery('b'))
    consumer.done(sink.delivery('b'))
    await vi.waitFor(() => expect(sink.texts).toEqual(['a', 'b', 'c']))
  })

  it('bounds the window in bytes too, and lets one that is larger pass alone', async () => {
    const { adapter } = await broker()
    await send(adapter, { ids: ['a', 'b'] })
    const { sink, consumer } = await consume(adapter, { window: { messages: 10, bytes: 1 } })
    await vi.waitFor(() => expect(consumer.buffered.messages).toBe(1))
    expect(sink.texts).toEqual(['a'])
    consumer.done(sink.delivery('a'))
    await vi.waitFor(() => expect(sink.texts).toEqual(['a', 'b']))
  })

  it('hands over nothing while it pauses, and everything after', async () => {
    const { adapter } = await broker()
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.claims).toHaveLength(1))
    consumer.pause()
    await send(adapter, { ids: ['a'] })
    await vi.waitFor(() => expect(consumer.buffered.messages).toBe(1))
    expect(sink.texts).toEqual([])
    consumer.resume()
    await vi.waitFor(() => expect(sink.texts).toEqual(['a']))
  })

  it('gives what is for the group alone to the owner of the same partition, with positions of its own', async () => {
    const { kafka, adapter } = await broker(2)
    const group = { topic: 'orders', group: 'mail' }
    await send(adapter, { ids: ['r'], to: { to: 'group', group }, partition: 1 })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toEqual(['r']))
    expect(sink.delivery('r')).toMatchObject({ position: 'g0', claim: { partition: 1 } })
    consumer.done(sink.delivery('r'))
    await consumer.stored(soon())
    expect(committed(kafka, { topic: 'orders.mail.retry', partition: 1 }).offset).toBe(1)
  })

  it('starts no group in the middle: consume resolves when its start is fixed', async () => {
    const { kafka, adapter } = await broker(2, [])
    await send(adapter, { ids: ['before'] })
    await consume(adapter, { from: 'creation' })
    expect([0, 1].map((partition) => committed(kafka, { topic: 'orders', partition }).offset)).toEqual([1, 0])
  })

  it('waits for a cluster that is gone for a moment while its start is being fixed', async () => {
    const { kafka, adapter } = await broker(1, [])
    kafka.make('orders.mail.retry', 1)
    let asked = 0
    const answer = kafka.answer.bind(kafka)
    kafka.answer = () => {
      asked += 1
      // Once the topics are found nothing is answered for a while.
      if (asked > 1 && asked < 6) return Promise.reject(new KafkaError('connection reset', { kind: 'io' }))
      return answer()
    }
    await consume(adapter)
    expect(committed(kafka).offset).toBe(0)
    expect(asked).toBeGreaterThanOrEqual(6)
  })

  it('of a topic that is not there is a typed error', async () => {
    const { adapter } = await openOn(new FakeKafka())
    await expect(consume(adapter)).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' })
  })

  it('hears of partitions that come later, and reads them from their beginning', async () => {
    const { kafka, adapter } = await broker()
    const { sink } = await consume(adapter, { from: 'creation' })
    await vi.waitFor(() => expect(sink.claims).toHaveLength(1))
    kafka.grow('orders', 2)
    await send(adapter, { ids: ['new'], partition: 1 })
    await vi.waitFor(() => expect(sink.texts).toEqual(['new']), { timeout: 3_000 })
    await vi.waitFor(() => expect(kafka.topics.get('orders.mail.retry')?.partitions).toBe(2))
  })
})

describe('what is recorded', () => {
  it('of failures and starts comes back with the message, until it is done', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a', 'b'] })
    const one = await consume(adapter)
    await vi.waitFor(() => expect(one.sink.texts).toHaveLength(2))
    await one.consumer.record?.(one.sink.delivery('b'), 3)
    await one.consumer.recordStart(one.sink.delivery('a'), 1)
    expect(checkpointOf(kafka)).toMatchObject({ failures: new Map([[1, 3]]), starts: new Map([[0, 1]]) })
    await one.consumer.close(soon())
    const other = await consume(adapter)
    await vi.waitFor(() => expect(other.sink.texts).toHaveLength(2))
    expect(other.sink.deliveries.map(({ failures, starts }) => [failures, starts])).toEqual([
      [0, 1],
      [3, 0],
    ])
    await other.consumer.recordStart(other.sink.delivery('a'), 0)
    other.consumer.done(other.sink.delivery('b'))
    await other.consumer.stored(soon())
    expect(checkpointOf(kafka)).toMatchObject({ failures: new Map(), starts: new Map() })
  })

  it('counts each hand-over, also of a process that ends at once', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a', 'b'] })
    for (let round = 0; round < 4; round += 1) {
      const { sink } = await consume(adapter)
      await vi.waitFor(() => expect(sink.texts).toHaveLength(2))
      expect(sink.deliveries.map(({ handovers }) => handovers)).toEqual([round, round])
      // It dies before anything else can be stored.
      kafka.group('orders.mail').members[0]?.lose()
    }
  })

  it('is refused for a delivery that is lost', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a'] })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toEqual(['a']))
    kafka.group('orders.mail').members[0]?.lose()
    expect(sink.lostClaims).toEqual(sink.claims)
    await expect(consumer.record?.(sink.delivery('a'), 1)).rejects.toMatchObject({ code: 'DISCONNECTED' })
    const before = kafka.commits.length
    consumer.done(sink.delivery('a'))
    await consumer.stored(soon())
    expect(kafka.commits).toHaveLength(before)
  })

  it('holds back the first hand-over while nothing can be stored, and bounds nothing else', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a'] })
    kafka.commitTrouble = new KafkaError('loading', { kind: 'server', code: errorCodes.coordinatorLoadInProgress })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(consumer.buffered.messages).toBe(1))
    expect(sink.texts).toEqual([])
    kafka.commitTrouble = undefined
    await vi.waitFor(() => expect(sink.texts).toEqual(['a']))
  })

  it('cannot grow while the broker stores nothing: nothing more is handed over', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a'] })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toEqual(['a']))
    let refused = (): void => undefined
    const trouble = new KafkaError('no coordinator', { kind: 'io' })
    const tried = new Promise<void>((resolve) => {
      refused = resolve
    })
    Object.defineProperty(kafka, 'commitTrouble', {
      configurable: true,
      get: () => {
        refused()
        return trouble
      },
    })
    consumer.done(sink.delivery('a'))
    await tried
    await send(adapter, { ids: ['b'] })
    await vi.waitFor(() => expect(consumer.buffered.messages).toBe(1))
    expect(sink.texts).toEqual(['a'])
    Object.defineProperty(kafka, 'commitTrouble', { value: undefined, writable: true })
    await vi.waitFor(() => expect(sink.texts).toEqual(['a', 'b']))
  })

  it('holds nothing up when it cannot be stored and its partition goes', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a'] })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toEqual(['a']))
    let tried = 0
    const refusing = vi.spyOn(FakeMember.prototype, 'commit').mockImplementation((offsets) => {
      tried += 1
      const error = new KafkaError('no coordinator', { kind: 'io' })
      return Promise.resolve(offsets.map(({ topic, partition }) => ({ topic, partition, error })))
    })
    consumer.done(sink.delivery('a'))
    await vi.waitFor(() => expect(tried).toBeGreaterThan(0))
    const group = kafka.group('orders.mail')
    const [member] = group.members as [FakeMember]
    member.lose()
    expect(sink.lostClaims).toHaveLength(1)
    refusing.mockRestore()
    group.members.push(member)
    group.share()
    await vi.waitFor(() => expect(sink.texts).toEqual(['a', 'a']))
  })

  it('is stored again and again until that works', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a'] })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toEqual(['a']))
    kafka.commitTrouble = new KafkaError('no coordinator', { kind: 'io' })
    consumer.done(sink.delivery('a'))
    await expect(consumer.stored(AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(consumer.unstored).toBe(1)
    kafka.commitTrouble = undefined
    await consumer.stored(soon())
    expect(committed(kafka).offset).toBe(1)
  })
})

describe('a claim', () => {
  it('that is rewound comes again, in order, without what is done', async () => {
    const { adapter } = await broker()
    await send(adapter, { ids: ['a', 'b', 'c'] })
    const { sink, consumer } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toHaveLength(3))
    consumer.done(sink.delivery('b'))
    const [old] = sink.claims
    sink.deliveries.length = 0
    await consumer.rewind(old as never)
    await vi.waitFor(() => expect(sink.texts).toEqual(['a', 'c']))
    expect(sink.claims[1]).toMatchObject({ partition: 0, epoch: (old?.epoch ?? 0) + 1 })
    expect(sink.deliveries.map(({ handovers }) => handovers)).toEqual([1, 1])
  })

  it('is handed over when it is drained, with all that was done by then', async () => {
    const { kafka, adapter } = await broker(2)
    await send(adapter, { ids: ['a', 'b'] })
    await send(adapter, { ids: ['x', 'y'], partition: 1 })
    const one = await consume(adapter)
    await vi.waitFor(() => expect(one.sink.texts).toHaveLength(4))
    one.sink.drain = async () => {
      for (const delivery of one.sink.deliveries) if ('ax'.includes(textOf(delivery))) one.consumer.done(delivery)
    }
    const other = await consume((await openOn(kafka)).adapter)
    await vi.waitFor(() => expect(other.sink.texts).toHaveLength(1))
    expect(one.sink.revoked).toHaveLength(1)
    expect(other.sink.texts).toEqual([one.sink.revoked[0]?.partition === 0 ? 'b' : 'y'])
    // What ends later is nobody's concern.
    const late = one.sink.delivery(other.sink.texts[0] ?? '')
    one.consumer.done(late)
    await one.consumer.stored(soon())
    const at = { topic: 'orders', partition: late.claim.partition }
    expect(committed(kafka, at).offset).toBe(1)
  })

  it('of a partition that nobody else wants is not disturbed when others come and go', async () => {
    const { kafka, adapter } = await broker()
    const { sink } = await consume(adapter)
    await vi.waitFor(() => expect(sink.claims).toHaveLength(1))
    const other = await consume((await openOn(kafka)).adapter)
    await other.consumer.close(soon())
    await send(adapter, { ids: ['a'] })
    await vi.waitFor(() => expect(sink.texts).toEqual(['a']))
    expect([sink.claims.length, sink.revoked.length, other.sink.claims.length]).toEqual([1, 0, 0])
  })

  it('is let go at once when the consumer closes', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a'] })
    const owner = await consume(adapter)
    await vi.waitFor(() => expect(owner.sink.texts).toEqual(['a']))
    const heir = await consume((await openOn(kafka)).adapter)
    expect(heir.sink.texts).toEqual([])
    await owner.consumer.stop()
    await owner.consumer.close(soon())
    await vi.waitFor(() => expect(heir.sink.texts).toEqual(['a']))
  })
})

describe('a position that is gone', () => {
  async function trimmed(onPositionLost: 'fail' | 'earliest' | 'latest') {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a', 'b', 'c', 'd'] })
    const log = kafka.log(first)
    log.records.splice(0, 2)
    log.start = 2
    return { kafka, adapter, ...(await consume(adapter, { onPositionLost })) }
  }

  it('is for a person to decide', async () => {
    const { sink } = await trimmed('fail')
    await vi.waitFor(() => expect(sink.failures).toMatchObject([{ code: 'POSITION_LOST', scope: 'group' }]))
    expect(sink.texts).toEqual([])
  })

  it('is left for the first that is there, and told with the number that is lost', async () => {
    const { kafka, sink, consumer } = await trimmed('earliest')
    await vi.waitFor(() => expect(sink.texts).toEqual(['c', 'd']))
    expect(sink.notices).toMatchObject([{ kind: 'position-lost', count: 2 }])
    for (const delivery of sink.deliveries) consumer.done(delivery)
    await consumer.stored(soon())
    expect(committed(kafka).offset).toBe(4)
  })

  it('is left for what comes from now on', async () => {
    const { adapter, sink } = await trimmed('latest')
    await vi.waitFor(() => expect(sink.notices).toMatchObject([{ count: 4 }]))
    await send(adapter, { ids: ['e'] })
    await vi.waitFor(() => expect(sink.texts).toEqual(['e']))
  })
})

describe('what stands beside a position', () => {
  it('and is not ours is ignored, with a word', async () => {
    const { kafka, adapter } = await broker()
    await send(adapter, { ids: ['a'] })
    const at = kafka.group('orders.mail').offsets
    for (const [key, one] of at) at.set(key, { ...one, metadata: 'somebody else' })
    const { sink } = await consume(adapter)
    await vi.waitFor(() => expect(sink.texts).toEqual(['a']))
    expect(sink.notices.map(({ kind }) => kind)).toContain('checkpoint-ignored')
  })
})
