import { startKafka, until, type Kafka } from '@sluice/brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FetchedRecord } from '../../src/wire/records/record.js'
import { startAnswerDropper, type AnswerDropper } from './answer-dropper.js'
import { atEnd, connect, freshName, join, limits, makeTopic, nothingElse, readAll, record, textOf } from './clusters.js'

const PRODUCE = 0
const HEARTBEAT = 12
const users = [{ name: 'sluice', password: 'right-secret' }]
let kafka: Kafka
let dropper: AnswerDropper

beforeAll(async () => {
  kafka = await startKafka({
    ...{ tls: true, users },
    // Whoever asks at the proxy is sent to it, and others as well: it passes on what it is not told to drop.
    advertise: async ({ port }) => {
      dropper = await startAnswerDropper(port)
      return dropper.port
    },
  })
})
afterAll(async () => {
  dropper.close()
  await kafka.close()
})

describe('a connection', () => {
  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('shows who it is by %s', async (mechanism) => {
    const sasl = (password: string) => ({ sasl: { mechanism, username: 'sluice', password } }) as const
    const cluster = await connect(kafka.saslBootstrap, sasl('right-secret'))
    const to = { topic: await makeTopic(cluster), partition: 0 }
    expect(await (await cluster.producer()).send(to, [record('x')], 5_000)).toMatchObject({ kind: 'stored' })
    const refused: unknown = await connect(kafka.saslBootstrap, sasl('wrong-secret')).catch((error: unknown) => error)
    expect(refused).toMatchObject({ kind: 'credentials' })
    expect(String(refused)).not.toMatch(/secret/)
  })

  it('speaks TLS, and tells its refusals apart', async () => {
    const cluster = await connect(kafka.tlsBootstrap, { tls: { ca: kafka.ca } })
    expect((await cluster.metadata([await makeTopic(cluster)]))[0]?.partitions).toHaveLength(1)
    await expect(connect(kafka.tlsBootstrap, { tls: {} })).rejects.toMatchObject({ kind: 'tls' })
    await expect(connect(['127.0.0.1:1'])).rejects.toMatchObject({ kind: 'io', errno: 'ECONNREFUSED' })
    // It waits for the end of a message that will not come.
    await expect(connect([`127.0.0.1:${dropper.port}`], { tls: { ca: kafka.ca } })).rejects.toMatchObject({
      kind: 'io',
    })
  })

  it('that has closed answers everything', async () => {
    const cluster = await connect(kafka.bootstrap)
    const to = { topic: await makeTopic(cluster), partition: 0 }
    const producer = await cluster.producer()
    dropper.drop(PRODUCE, 1_000)
    const uncertain = producer.send(to, [record('x')], 60_000)
    cluster.close()
    dropper.drop(PRODUCE, 0)
    expect((await uncertain).kind).toMatch(/unwritten|uncertain/)
    await expect(cluster.metadata(['any'])).rejects.toMatchObject({ kind: 'closed' })
    await expect(cluster.producer()).rejects.toMatchObject({ kind: 'closed' })
  })
})

describe('producing and fetching', () => {
  it('gives back what was written, in order, from where it is asked for', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { partitions: 2 })
    const producer = await cluster.producer()
    const headers = [
      ['b', Buffer.from('1')],
      ['1', null],
      ['b', Buffer.from([0xff])],
    ] as const
    const sent = [record('a', { key: Buffer.from('k'), headers }), record('b'), record('c', { value: null })]
    const [first, second] = [0, 1].map((partition) => ({ topic, partition })) as [never, never]
    expect(await producer.send(second, sent, 10_000)).toMatchObject({ kind: 'stored', baseOffset: 0 })
    expect(await producer.send(second, [record('d')], 10_000)).toMatchObject({ kind: 'stored', baseOffset: 3 })
    expect(await producer.send(first, [record('other')], 10_000)).toMatchObject({ kind: 'stored', baseOffset: 0 })

    const seen: [FetchedRecord[], FetchedRecord[]] = [[], []]
    const fetching = cluster.fetch(limits, {
      ...nothingElse,
      records: ({ partition }, { records }) => void seen[partition]?.push(...records),
    })
    atEnd(() => fetching.close())
    fetching.add(second, 0)
    await until('all of it', async () => seen[1].length === 4)
    expect(seen[1].map((one) => [one.offset, textOf(one)])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, null],
      [3, 'd'],
    ])
    expect(seen[1][0]?.headers.map(([name, value]) => [name, value === null ? null : [...value]])).toEqual([
      ['b', [49]],
      ['1', null],
      ['b', [255]],
    ])
    // While the first one waits for more.
    fetching.add(first, 0)
    await until('the other', async () => seen[0].length === 1)
    fetching.seek(second, 2)
    await until('some of it again', async () => seen[1].length === 6)
    fetching.pause(second)
    await producer.send(second, [record('e')], 10_000)
    await producer.send(first, [record('f')], 10_000)
    await until('what does not pause', async () => seen[0].length === 2)
    fetching.resume(second)
    await until('what paused', async () => seen[1].at(-1)?.offset === 4)
    const ends = await cluster.administration.offsets([first, second], 'end')
    expect(ends.map(({ offset }) => offset).toSorted()).toEqual([2, 5])
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('reads what the broker has packed by %s', async (codec) => {
    const cluster = await connect(kafka.bootstrap)
    const to = { topic: await makeTopic(cluster, { configs: { 'compression.type': codec } }), partition: 0 }
    const producer = await cluster.producer()
    const values = Array.from({ length: 2_000 }, (_, n) => `${n} ${'x'.repeat(n % 50)}`)
    for (const part of [values.slice(0, 1_900), values.slice(1_900, 1_901), values.slice(1_901)]) {
      expect(
        await producer.send(
          to,
          part.map((value) => record(value)),
          10_000,
        ),
      ).toMatchObject({ kind: 'stored' })
    }
    expect(await readAll(cluster, to)).toEqual(values)
  })

  it('says what the broker refuses, and what is not there', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster)
    const first = await cluster.producer()
    const large = await first.send({ topic, partition: 0 }, [record('x'.repeat(2_000_000))], 10_000)
    expect(large).toMatchObject({ kind: 'refused', error: { code: 10 } })
    const second = await cluster.producer()
    const missing = await second.send({ topic: 'missing', partition: 0 }, [record('x')], 10_000)
    expect(missing).toMatchObject({ kind: 'refused', error: { code: 3 } })
    const stored = await second.send({ topic, partition: 0 }, [record('y')], 10_000)
    expect(stored).toMatchObject({ kind: 'stored', baseOffset: 0 })
  })

  it('tells of a position that is not there, and goes on where it is told to', async () => {
    const cluster = await connect(kafka.bootstrap)
    const at = { topic: await makeTopic(cluster), partition: 0 }
    await (await cluster.producer()).send(at, [record('a'), record('b')], 10_000)
    const lost: number[] = []
    const seen: (string | null)[] = []
    const fetching = cluster.fetch(limits, {
      ...nothingElse,
      records: (_, { records }) => void seen.push(...records.map(textOf)),
      positionLost: (_, wanted) => void lost.push(wanted),
    })
    atEnd(() => fetching.close())
    fetching.add(at, 17)
    await until('it to be told', async () => lost.length > 0)
    fetching.seek(at, 1)
    await until('the rest', async () => seen.length === 1)
    expect([lost, seen]).toEqual([[17], ['b']])
  })
})

describe('a lost answer', () => {
  it('costs nothing: the batch is stored once, and no other is taken for it', async () => {
    const cluster = await connect(kafka.bootstrap)
    const to = { topic: await makeTopic(cluster), partition: 0 }
    const producer = await cluster.producer()
    const expected: string[] = []
    for (let n = 0; n < 20; n += 1) {
      if (n % 4 === 1) dropper.drop(PRODUCE, (n % 3) + 1)
      const values = [`a${n}`, `b${n}`]
      expect(
        await producer.send(
          to,
          values.map((value) => record(value)),
          20_000,
        ),
      ).toMatchObject({ kind: 'stored' })
      expected.push(...values)
    }
    expect(await readAll(cluster, to)).toEqual(expected)
  })

  it('that never comes is uncertain, and what follows is not taken for it', async () => {
    const cluster = await connect(kafka.bootstrap)
    const to = { topic: await makeTopic(cluster), partition: 0 }
    const producer = await cluster.producer()
    expect(await producer.send(to, [record('a')], 5_000)).toMatchObject({ kind: 'stored' })
    for (const value of ['b', 'c']) {
      dropper.drop(PRODUCE, 1_000)
      expect(await producer.send(to, [record(value)], 1_000)).toMatchObject({ kind: 'uncertain' })
      dropper.drop(PRODUCE, 0)
    }
    expect(await producer.send(to, [record('d')], 5_000)).toMatchObject({ kind: 'stored' })
    expect(await readAll(cluster, to)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('of what stood still on its way does not bring it behind what came after', async () => {
    const cluster = await connect(kafka.bootstrap)
    const to = { topic: await makeTopic(cluster), partition: 0 }
    const producer = await cluster.producer()
    expect(await producer.send(to, [record('a')], 5_000)).toMatchObject({ kind: 'stored' })
    const release = dropper.hold(PRODUCE)
    expect(await producer.send(to, [record('b')], 500)).toMatchObject({ kind: 'uncertain' })
    // On the connection that stands still it would wait as well.
    await until('another connection', async () => {
      return (await producer.send(to, [record('b')], 500)).kind === 'stored'
    })
    expect(await producer.send(to, [record('c')], 5_000)).toMatchObject({ kind: 'stored' })
    await release()
    expect(await producer.send(to, [record('d')], 5_000)).toMatchObject({ kind: 'stored' })
    const values = await readAll(cluster, to)
    expect(values.join('')).toMatch(/^ab+cd$/)
  })

  it('is none where nothing has left: it is unwritten', async () => {
    const cluster = await connect(kafka.bootstrap)
    const to = { topic: await makeTopic(cluster), partition: 0 }
    const producer = await cluster.producer()
    kafka.node.pause()
    const unwritten = await producer.send({ topic: freshName(), partition: 0 }, [record('x')], 1_000)
    kafka.node.resume()
    expect(unwritten).toMatchObject({ kind: 'unwritten' })
    expect(await producer.send(to, [record('x')], 5_000)).toMatchObject({ kind: 'stored' })
  })
})

describe('administration', () => {
  it('takes out of a partition what lies before an offset, and says what it cannot', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { partitions: 2 })
    const producer = await cluster.producer()
    const both = [0, 1].map((partition) => ({ topic, partition }))
    for (const at of both) await producer.send(at, [record('a'), record('b'), record('c')], 10_000)
    await cluster.administration.deleteRecords([
      { topic, partition: 0, offset: 2 },
      { topic, partition: 1, offset: 3 },
    ])
    const starts = await cluster.administration.offsets(both, 'start')
    expect(starts.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset)).toEqual([2, 3])
    await expect(cluster.administration.deleteRecords([{ topic, partition: 0, offset: 9 }])).rejects.toMatchObject({
      kind: 'server',
    })
  })

  it('times what a topic wants timed by the broker, and says the time with the answer', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const producer = await cluster.producer()
    const beforeMs = Date.now()
    const result = await producer.send({ topic, partition: 0 }, [record('a')], 10_000)
    const appendedMs = result.kind === 'stored' ? (result.appendedMs ?? 0) : 0
    expect(appendedMs).toBeGreaterThanOrEqual(beforeMs)
    expect(appendedMs).toBeLessThanOrEqual(Date.now())
    const seen: FetchedRecord[] = []
    const fetching = cluster.fetch(limits, { ...nothingElse, records: (_, { records }) => void seen.push(...records) })
    atEnd(() => fetching.close())
    fetching.add({ topic, partition: 0 }, 0)
    await until('it', async () => seen.length === 1)
    expect(seen[0]?.timestampMs).toBe(appendedMs)
  })

  it('makes topics and partitions, each with an answer of its own, and reads settings', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { configs: { 'retention.ms': '12345' } })
    const outcomes = await cluster.administration.createTopics([
      { topic, partitions: 1, replicas: 1, configs: {} },
      { topic: 'no such/name', partitions: 1, replicas: 1, configs: {} },
      { topic: freshName(), partitions: 1, replicas: 3, configs: {} },
    ])
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['exists', 'refused', 'refused'])
    expect(outcomes.find(({ topic: name }) => name === 'no such/name')?.error).toMatchObject({ code: 17 })
    await cluster.administration.addPartitions(topic, 3)
    await until('three partitions', async () => (await cluster.metadata([topic]))[0]?.partitions.length === 3)
    await expect(cluster.administration.addPartitions(topic, 2)).rejects.toMatchObject({ kind: 'server' })
    const [ofTopic, ofNode] = await cluster.administration.configs([
      { kind: 'topic', name: topic, names: ['retention.ms', 'min.insync.replicas'] },
      { kind: 'node', name: '1', names: ['auto.create.topics.enable'] },
    ])
    expect(ofTopic?.configs).toEqual({ 'retention.ms': '12345', 'min.insync.replicas': '1' })
    expect(ofNode?.configs).toEqual({ 'auto.create.topics.enable': 'false' })
    expect(await cluster.metadata(['missing'])).toEqual([])
  })
})

describe('a group', () => {
  it('shares out anew when members come and go, and nobody lets go of more than it has to', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { partitions: 6 })
    const group = freshName()
    const first = await join(kafka, group, topic)
    await until('all for one', async () => first.held.size === 6)
    const second = await join(kafka, group, topic, { drainMs: 300 })
    await until('half for each', async () => first.held.size === 3 && second.held.size === 3)
    expect(new Set([...first.held, ...second.held]).size).toBe(6)
    const kept = new Set(first.held)
    const third = await join(kafka, group, topic)
    const all = [first, second, third]
    await until('a third for each', async () => all.every(({ held }) => held.size === 2))
    for (const one of first.held) expect(kept).toContain(one)
    await third.member.leave()
    await until('half for each again', async () => first.held.size === 3 && second.held.size === 3)
    expect(all.flatMap(({ told }) => told).filter((one) => /lost|failed/.test(one))).toEqual([])
  })

  it('lets nobody lose what it holds because another one is slow to ask', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { partitions: 4 })
    const group = freshName()
    // Not through what holds up the slow one.
    const sasl = { sasl: { mechanism: 'plain', username: 'sluice', password: 'right-secret' } } as const
    const quick = await join(kafka, group, topic, {
      ...{ cluster: await connect(kafka.saslBootstrap, sasl), sessionMs: 1_500 },
    })
    const slow = await join(kafka, group, topic)
    await until('half for each', async () => quick.held.size === 2 && slow.held.size === 2)
    const release = dropper.hold(HEARTBEAT)
    const third = await join(kafka, group, topic, { cluster: await connect(kafka.saslBootstrap, sasl) })
    const impatient = await join(kafka, group, topic, { cluster: await connect(kafka.saslBootstrap, sasl) })
    let hasLeft = false
    void impatient.member.leave().then(() => {
      hasLeft = true
    })
    await until('one to have left that waits for its share', async () => hasLeft, { timeoutMs: 2_000 })
    expect(third.held.size).toBe(0)
    // The slow one hears of it when it has given up the connection that stands still.
    await until('a share for the third', async () => third.held.size > 0, { timeoutMs: 30_000 })
    expect([...quick.told, ...slow.told].filter((one) => /lost|failed/.test(one))).toEqual([])
    await release()
  })

  it('deals out nothing while a topic is not there, and all of it when it is', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = freshName()
    const { member, held, told } = await join(kafka, freshName(), topic)
    const knowsCoordinator = (): Promise<boolean> => member.committed([]).then(Boolean, () => false)
    await until('it to ask', knowsCoordinator)
    await cluster.administration.createTopics([{ topic, partitions: 2, replicas: 1, configs: {} }])
    await until('both', async () => held.size === 2)
    expect(told).toEqual(['+2'])
  })

  it('keeps where it has got to, and stores nothing for who is out', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { partitions: 2 })
    const { member, held } = await join(kafka, freshName(), topic)
    await until('both', async () => held.size === 2)
    const both = [0, 1].map((partition) => ({ topic, partition }))
    expect((await member.committed(both)).map(({ offset }) => offset)).toEqual([undefined, undefined])
    const stored = await member.commit([{ topic, partition: 1, offset: 42, metadata: 'größer' }])
    expect(stored).toEqual([{ topic, partition: 1, error: undefined }])
    expect(await member.committed(both)).toEqual([
      { topic, partition: 0, offset: undefined, metadata: '' },
      { topic, partition: 1, offset: 42, metadata: 'größer' },
    ])
    await member.leave()
    const late = await member.commit([{ topic, partition: 1, offset: 1, metadata: '' }])
    expect(late[0]?.error).toMatchObject({ code: 25 })
  })

  it('takes away what a member that stands still holds, and the member hears of it', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { partitions: 2 })
    const group = freshName()
    const first = await join(kafka, group, topic)
    await until('both', async () => first.held.size === 2)
    // The broker hears nothing of anybody for longer than a session.
    kafka.node.pause()
    await until('it to know by itself', async () => first.held.size === 0, { timeoutMs: 20_000 })
    expect(first.member.aliveUntilMs).toBeLessThan(performance.now())
    kafka.node.resume()
    await until('both again', async () => first.held.size === 2, { timeoutMs: 30_000 })
    expect(first.told.filter((one) => one.startsWith('lost'))).toHaveLength(1)
  })
})
