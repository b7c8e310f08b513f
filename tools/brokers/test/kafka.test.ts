import { startFaultProxy } from '@sluice/testing'
import { CompressionTypes, Kafka as Client, logLevel, type KafkaConfig } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startKafka, until, type Kafka, type KafkaNode } from '../src/index.js'
import { viewCluster } from '../src/kafka/cluster-view.js'
import { describeWith } from './needs.js'

const describeKafka = await describeWith('kafka')

const quiet = { logLevel: logLevel.NOTHING, clientId: 'test', connectionTimeout: 10_000 } as const

function clientOf(brokers: readonly string[], options: Partial<KafkaConfig> = {}): Client {
  return new Client({ ...quiet, brokers: [...brokers], ...options })
}

/** Stores a message with every replica that is in sync; its offset. */
async function send(client: Client, topic: string, value: string): Promise<string | undefined> {
  const producer = client.producer({ allowAutoTopicCreation: false, retry: { retries: 30, maxRetryTime: 500 } })
  await producer.connect()
  try {
    const [stored] = await producer.send({ topic, acks: -1, messages: [{ value }], compression: CompressionTypes.None })
    return stored?.baseOffset
  } finally {
    await producer.disconnect()
  }
}

/** What is in partition 0 of a topic, up to so many messages. */
async function read(client: Client, topic: string, count: number): Promise<readonly string[]> {
  const consumer = client.consumer({ groupId: `${topic}-${Math.random()}`, sessionTimeout: 6_000 })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    const seen: string[] = []
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(String(message.value)) })
    await until(`${count} messages of ${topic}`, async () => seen.length >= count)
    return seen
  } finally {
    await consumer.disconnect()
  }
}

async function createTopic(client: Client, topic: string, replicationFactor = 1): Promise<void> {
  const admin = client.admin()
  await admin.connect()
  try {
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1, replicationFactor }] })
    await until(`${topic} to have a leader`, async () => (await leaderOf(client, topic)) !== undefined)
  } finally {
    await admin.disconnect()
  }
}

async function leaderOf(client: Client, topic: string): Promise<number | undefined> {
  const admin = client.admin()
  await admin.connect()
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => ({ topics: [] }))
    const leader = topics[0]?.partitions[0]?.leader
    return leader === undefined || leader < 0 ? undefined : leader
  } finally {
    await admin.disconnect()
  }
}

for (const version of ['3.9.1', '4.4.0']) describeKafka(`a private Kafka ${version}`, () => onOneNode(version))

function onOneNode(version: string): void {
  let kafka: Kafka

  beforeAll(async () => {
    kafka = await startKafka({
      version,
      tls: true,
      users: [{ name: 'alice', password: 'secret' }],
      properties: { 'message.max.bytes': 2_000_000 },
    })
  })
  afterAll(async () => {
    await kafka.close()
  })

  test('keeps what it confirmed over kill -9 and over a stop, on the same port', async () => {
    const client = clientOf(kafka.bootstrap)
    const { port, pid } = kafka.node
    await createTopic(client, 'kept')
    await send(client, 'kept', 'before')
    await kafka.node.kill()
    expect(kafka.node).toMatchObject({ state: 'stopped', pid: undefined })
    await kafka.node.start()
    expect(kafka.node.port).toBe(port)
    expect(kafka.node.pid).not.toBe(pid)
    await send(client, 'kept', 'between')
    await kafka.node.stop()
    await kafka.node.start()
    expect(await send(client, 'kept', 'after')).toBe('2')
    expect(await read(client, 'kept', 3)).toEqual(['before', 'between', 'after'])
  })

  test('makes no topic by itself, and takes properties', async () => {
    const admin = clientOf(kafka.bootstrap).admin()
    await admin.connect()
    const unknown = admin.fetchTopicMetadata({ topics: ['nobody-made-it'] })
    await expect(unknown).rejects.toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION' })
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 4, name: '1', configNames: ['message.max.bytes'] }],
    })
    expect(resources[0]?.configEntries[0]?.configValue).toBe('2000000')
    await admin.disconnect()
  })

  test('pause stands still with its connections open, and resume goes on', async () => {
    kafka.node.pause()
    expect(kafka.node.state).toBe('paused')
    expect(await viewCluster(kafka.node.port, 500)).toBeUndefined()
    kafka.node.resume()
    await until('it answers', async () => (await viewCluster(kafka.node.port)) !== undefined)
  })

  test('speaks TLS with a certificate that its authority has signed', async () => {
    const trusting = clientOf(kafka.tlsBootstrap, { ssl: { ca: kafka.ca ?? '' } })
    await createTopic(trusting, 'over-tls')
    await send(trusting, 'over-tls', 'sealed')
    expect(await read(trusting, 'over-tls', 1)).toEqual(['sealed'])
    const strict = clientOf(kafka.tlsBootstrap, { ssl: true, retry: { retries: 0 } }).admin()
    await expect(strict.connect()).rejects.toThrow(/certificate/)
  })

  test.each([['plain'], ['scram-sha-256'], ['scram-sha-512']] as const)('knows its users by %s', async (mechanism) => {
    const withPassword = (password: string): Client =>
      clientOf(kafka.saslBootstrap, {
        sasl: { mechanism, username: 'alice', password } as NonNullable<KafkaConfig['sasl']>,
        retry: { retries: 0 },
      })
    const topic = `by-${mechanism}`
    await createTopic(withPassword('secret'), topic)
    expect(await send(withPassword('secret'), topic, 'mine')).toBe('0')
    await expect(withPassword('wrong').admin().connect()).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
    })
  })
}

describeKafka('a private Kafka of three nodes', () => {
  let kafka: Kafka

  beforeAll(async () => {
    kafka = await startKafka({ nodes: 3 })
  })
  afterAll(async () => {
    await kafka.close()
  })

  const nodeOf = (id: number | undefined): KafkaNode => {
    const node = kafka.nodes.find((one) => one.id === id)
    return node ?? expect.unreachable(`there is no node ${id}`)
  }

  test('a kill of the leader loses nothing, another one leads, and the node comes back', async () => {
    const client = clientOf(kafka.bootstrap)
    await createTopic(client, 'survives', 3)
    await send(client, 'survives', 'before')
    const leader = nodeOf(await leaderOf(client, 'survives'))
    await leader.kill()
    await until('another node leads', async () => {
      const now = await leaderOf(client, 'survives')
      return now !== undefined && now !== leader.id
    })
    await send(client, 'survives', 'during')
    await leader.start()
    await send(client, 'survives', 'after')
    expect(await read(client, 'survives', 3)).toEqual(['before', 'during', 'after'])
  })

  test('without a majority nothing is confirmed; the nodes come back together', async () => {
    const client = clientOf(kafka.bootstrap)
    await createTopic(client, 'majority', 3)
    const [one, two] = kafka.nodes as readonly [KafkaNode, KafkaNode, KafkaNode]
    await Promise.all([one.kill(), two.kill()])
    const producer = client.producer({ retry: { retries: 1 } })
    const refused = producer.connect().then(() => producer.send({ topic: 'majority', messages: [{ value: 'lost' }] }))
    await expect(refused).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
    await producer.disconnect()
    await Promise.all([one.start(), two.start()])
    await send(client, 'majority', 'again')
  })
})

describeKafka('the fault proxy in front of Kafka', () => {
  test('clients are sent through it, whatever they were told first', async () => {
    const proxies: Awaited<ReturnType<typeof startFaultProxy>>[] = []
    const kafka = await startKafka({
      advertise: async (listener) => {
        const proxy = await startFaultProxy(listener)
        proxies.push(proxy)
        return proxy.port
      },
    })
    const [proxy] = proxies
    expect(kafka.bootstrap).toEqual([`127.0.0.1:${proxy?.port}`])
    const client = clientOf(kafka.bootstrap)
    await createTopic(client, 'through')
    await send(client, 'through', 'it')
    expect(await read(client, 'through', 1)).toEqual(['it'])
    await kafka.close()
    await proxy?.close()
  })
})

describe('startKafka refuses', () => {
  test.each([
    [{ nodes: 2 as 3 }, /nodes is 2, it has to be 1 or 3/],
    [{ version: '2.8.0' }, /version is "2.8.0".*not older/],
    [{ version: 'newest' }, /version is "newest"/],
    [{ users: [{ name: 'a b', password: 'x' }] }, /users is "a b"/],
    [{ users: [{ name: 'a', password: 'x"' }] }, /users is/],
    [{ properties: { 'log.dirs': 'a\nb' } }, /properties is/],
    [{ startTimeoutMs: 0 }, /startTimeoutMs is 0/],
  ])('%j', async (options, message) => {
    await expect(startKafka(options)).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(message),
    })
  })
})
