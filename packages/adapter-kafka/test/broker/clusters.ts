import { systemClock } from '@sluice/core/spi'
import { until, type Kafka } from '@sluice/brokers'
import { afterEach, expect } from 'vitest'
import { assign } from '../../src/assign.js'
import { kafkajsDriver } from '../../src/wire/kafkajs/driver.js'
import type { FetchEvents, GroupMember, KafkaCluster, KafkaTarget, TopicPartition } from '../../src/wire/port.js'
import type { FetchedRecord, KafkaRecord } from '../../src/wire/records/record.js'

let names = 0
export const freshName = (): string => `t${(names += 1)}`

const ends: (() => unknown)[] = []

/** After the test, the last first. */
export function atEnd(end: () => unknown): void {
  ends.push(end)
}

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Gone after the test. */
export async function connect(bootstrap: readonly string[], over: Partial<KafkaTarget> = {}): Promise<KafkaCluster> {
  const hosts = bootstrap.map((at) => ({ host: at.split(':')[0] ?? '', port: Number(at.split(':')[1]) }))
  const times = { connectTimeoutMs: 2_000, requestTimeoutMs: 3_000 }
  const target = { hosts, tls: undefined, sasl: undefined, clientId: 'test', ...times, ...over }
  const cluster = await kafkajsDriver.connect(target, systemClock)
  atEnd(() => cluster.close())
  return cluster
}

export interface TopicShape {
  readonly partitions?: number
  readonly replicas?: number
  readonly configs?: Readonly<Record<string, string>>
}

/** When every partition is led. */
export async function makeTopic(cluster: KafkaCluster, shape: TopicShape = {}): Promise<string> {
  const { partitions = 1, replicas = 1, configs = {} } = shape
  const topic = freshName()
  const [made] = await cluster.administration.createTopics([{ topic, partitions, replicas, configs }])
  expect(made).toMatchObject({ outcome: 'created' })
  await until(`${topic} to have leaders`, async () => {
    const [known] = await cluster.metadata([topic])
    return known?.partitions.length === partitions && known.partitions.every(({ leader }) => leader >= 0)
  })
  return topic
}

export function record(value: string, over: Partial<KafkaRecord> = {}): KafkaRecord {
  return { key: null, value: Buffer.from(value), headers: [], timestampMs: Date.now(), ...over }
}

export const textOf = ({ value }: FetchedRecord): string | null =>
  value === null ? null : Buffer.from(value).toString()

export const limits = { maxWaitMs: 200, maxBytes: 1 << 20, maxPartitionBytes: 1 << 18 }

export const nothingElse: Omit<FetchEvents, 'records'> = {
  positionLost: () => expect.unreachable(),
  unreadable: () => expect.unreachable(),
  refused: () => expect.unreachable(),
}

/** Everything that is stored in a partition at that moment. */
export async function readAll(cluster: KafkaCluster, at: TopicPartition): Promise<readonly (string | null)[]> {
  const [end] = await cluster.administration.offsets([at], 'end')
  const seen: (string | null)[] = []
  let next = 0
  const fetching = cluster.fetch(limits, {
    ...nothingElse,
    records: (_, fetched) => {
      seen.push(...fetched.records.map(textOf))
      next = fetched.next
    },
  })
  fetching.add(at, 0)
  await until('the end', async () => next >= (end?.offset ?? 0))
  fetching.close()
  return seen
}

export interface Joined {
  readonly member: GroupMember
  /** Partitions that it holds. */
  readonly held: ReadonlySet<number>
  /** What it was told, in order. */
  readonly told: readonly string[]
}

export interface Manner {
  /** How long it takes to let go. @default 0 */
  readonly drainMs?: number
  /** @default 10_000 */
  readonly sessionMs?: number
  /** @default one of its own */
  readonly cluster?: KafkaCluster
}

/** A member that leaves after the test. */
export async function join(kafka: Kafka, group: string, topic: string, manner: Manner = {}): Promise<Joined> {
  const { drainMs = 0, sessionMs = 10_000, cluster = await connect(kafka.bootstrap) } = manner
  const held = new Set<number>()
  const told: string[] = []
  const member = cluster.join(
    {
      ...{ group, topics: [topic], sessionMs, rebalanceMs: 10_000 },
      assign: (members, partitionsOf) => assign({ source: topic, besides: [], apart: [] }, members, partitionsOf),
    },
    {
      assigned: (partitions) => {
        told.push(`+${partitions.length}`)
        for (const { partition } of partitions) held.add(partition)
      },
      revoking: async (partitions) => {
        told.push(`-${partitions.length}`)
        await new Promise((resolve) => setTimeout(resolve, drainMs))
        for (const { partition } of partitions) held.delete(partition)
      },
      leading: () => undefined,
      lost: (partitions, cause) => {
        told.push(`lost ${partitions.length}: ${cause.message}`)
        for (const { partition } of partitions) held.delete(partition)
      },
      failed: (cause) => void told.push(`failed: ${cause.message}`),
    },
  )
  atEnd(() => member.leave())
  return { member, held, told }
}
