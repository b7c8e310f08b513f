import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { AssignerProtocol, Kafka, logLevel, type Admin, type ConfigSource } from 'kafkajs'
import { KafkaConnection } from '../protocol/connection.js'
import { fetchFrom } from '../protocol/fetch.js'
import { leaveGroup } from '../protocol/membership.js'
import { countOutside, doneBehind, type Run } from './positions.js'

const requestTimeoutMs = 10_000
/** A question is asked again for so long: who leads or coordinates may have died a moment ago. */
const patienceMs = 15_000
const askAgainMs = 50
/** `ConfigResourceTypes.TOPIC` and `ConfigSource.TOPIC_CONFIG`, which kafkajs does not export to ES modules. */
const topicResource = 2
const setOnTopic: ConfigSource = 1

interface StoredMessage {
  readonly partition: number
  readonly offset: number
  readonly id: string
}

/** Somebody who looks at a cluster, and changes it, with a client that the adapter has no part in. */
export class KafkaOperator {
  readonly #brokers: readonly string[]
  readonly #kafka: Kafka
  /** Positions without a message that were made here, by partition. */
  readonly #gaps = new Map<string, Run[]>()
  #admin: Promise<Admin> | undefined

  /** `brokers` are the nodes in their order, as `host:port`: what they tell their clients, so through whatever stands before them. */
  constructor(brokers: readonly string[]) {
    this.#brokers = brokers
    this.#kafka = new Kafka({
      ...{ clientId: 'operator', brokers: [...brokers], logLevel: logLevel.NOTHING },
      ...{ requestTimeout: requestTimeoutMs, retry: { retries: 8, initialRetryTime: 50, maxRetryTime: 1_000 } },
    })
  }

  async addPartitions(topic: string, partitions: number): Promise<void> {
    const admin = await this.#connected()
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const count = (topics[0]?.partitions.length ?? 0) + partitions
    await admin.createPartitions({ topicPartitions: [{ topic, count }] })
  }

  /** Sets one option of a topic and leaves the others. Returns what it was. */
  async configure(topic: string, name: string, value: string): Promise<string> {
    const admin = await this.#connected()
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: topicResource, name: topic }],
    })
    const known = resources[0]?.configEntries ?? []
    // What is not said is taken back.
    const own = known.filter((entry) => entry.configSource === setOnTopic && entry.configName !== name)
    const configEntries = [
      ...own.map((entry) => ({ name: entry.configName, value: entry.configValue })),
      { name, value },
    ]
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: topicResource, name: topic, configEntries }] })
    return known.find((entry) => entry.configName === name)?.configValue ?? ''
  }

  /** Retention. */
  async trim(topic: string, messages: number): Promise<void> {
    const admin = await this.#connected()
    const offsets = await admin.fetchTopicOffsets(topic)
    const partitions = offsets.map(({ partition, low, high }) => {
      const to = Math.min(Number(low) + messages, Number(high))
      return { partition, offset: String(to) }
    })
    await admin.deleteTopicRecords({ topic, partitions })
  }

  /** Messages of a transaction that is given up, and its mark: positions without a message. */
  async gap(topic: string, positions: number): Promise<void> {
    const admin = await this.#connected()
    const producer = this.#kafka.producer({
      ...{ transactionalId: `gap-${randomUUID()}`, idempotent: true, maxInFlightRequests: 1 },
    })
    await producer.connect()
    try {
      const transaction = await producer.transaction()
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
        // The mark takes one.
        const count = Math.max(1, positions - 1)
        const messages = Array.from({ length: count }, () => ({ partition, value: 'given up' }))
        await transaction.send({ topic, messages })
        const first = Number(high)
        this.#gapsOf(topic, partition).push({ first, last: first + count })
      }
      await transaction.abort()
    } finally {
      await producer.disconnect()
    }
  }

  /** The coordinators of all groups let go the members that a client has. */
  async expel(client: string): Promise<void> {
    const admin = await this.#connected()
    const { groups } = await admin.listGroups()
    if (groups.length === 0) return
    const described = await admin.describeGroups(groups.map(({ groupId }) => groupId))
    const leaving = described.groups.flatMap(({ groupId, members }) =>
      members
        .filter(({ clientId }) => clientId === client)
        .flatMap(({ memberId }) => this.#brokers.map((broker) => ({ groupId, memberId, broker }))),
    )
    // Of all nodes one coordinates the group; the others say that they do not.
    await Promise.all(
      leaving.map(async ({ groupId, memberId, broker }) => {
        const connection = await KafkaConnection.open(broker, 'operator').catch(() => undefined)
        if (connection === undefined) return
        await leaveGroup(connection, { group: groupId, memberId }).catch(() => undefined)
        connection.close()
      }),
    )
  }

  /** Topics of these names or with names that begin with one of them and a dot, and the groups named likewise. */
  async remove(prefix: RegExp): Promise<void> {
    const admin = await this.#connected()
    const { groups } = await admin.listGroups()
    const mine = groups.map(({ groupId }) => groupId).filter((name) => prefix.test(name))
    const topics = (await admin.listTopics()).filter((name) => prefix.test(name))
    if (topics.length > 0) await admin.deleteTopics({ topics })
    // One with members cannot be deleted, and goes with its last position.
    if (mine.length > 0) await admin.deleteGroups(mine).catch(() => undefined)
  }

  async position(topic: string, group: string, partition: number): Promise<number | undefined> {
    const found = (await this.#offsets(group, topic)).find((one) => one.partition === partition)
    return found === undefined || found.offset < 0 ? undefined : found.offset
  }

  /** Messages of a topic that a group has not done; of one that it has never read, all. */
  async #left(topic: string, group: string): Promise<number> {
    const [ends, positions] = await Promise.all([
      this.#ask((admin) => admin.fetchTopicOffsets(topic)),
      this.#offsets(group, topic),
    ])
    return ends.reduce((sum, { partition, low, high }) => {
      const { offset = 0, metadata = '' } = positions.find((one) => one.partition === partition) ?? {}
      const done = [...doneBehind(offset, metadata), ...this.#gapsOf(topic, partition)]
      return sum + countOutside(Math.max(offset, Number(low)), Number(high), done)
    }, 0)
  }

  /** What a group has not settled, of the topic and of those that are for it alone. */
  async unsettled(topic: string, group: string): Promise<number> {
    const name = `${topic}.${group}`
    const known = new Set(await this.#ask((admin) => admin.listTopics()))
    const read = [topic, `${name}.retry`, `${name}.delay`].filter((one) => known.has(one))
    const left = await Promise.all(read.map((one) => this.#left(one, name)))
    return left.reduce((sum, one) => sum + one, 0)
  }

  /** Ids of what a topic has, partition by partition, oldest first. Empty when there is no such topic. */
  async stored(topic: string): Promise<readonly string[]> {
    const read = (await this.#exists(topic)) ? await this.#readAll(topic) : []
    return read.map(({ id }) => id)
  }

  /** As {@link stored}, of the dead letters of a group that were not removed. */
  async deadLetters(topic: string, group: string): Promise<readonly string[]> {
    const box = `${topic}.${group}.dlq`
    if (!(await this.#exists(box))) return []
    const [letters, positions] = await Promise.all([
      this.#readAll(box),
      this.#offsets(`${topic}.${group}.removed`, box),
    ])
    const isRemoved = ({ partition, offset }: StoredMessage): boolean => {
      const removed = positions.find((one) => one.partition === partition)
      if (removed === undefined || removed.offset < 0) return false
      const runs = doneBehind(removed.offset, removed.metadata)
      return offset < removed.offset || runs.some(({ first, last }) => offset >= first && offset <= last)
    }
    return letters.filter((letter) => !isRemoved(letter)).map(({ id }) => id)
  }

  async #exists(topic: string): Promise<boolean> {
    return (await this.#ask((admin) => admin.listTopics())).includes(topic)
  }

  /** Compacted topics are not read: there, messages have no positions next to each other. */
  async #readAll(topic: string): Promise<readonly StoredMessage[]> {
    const ends = await this.#ask((admin) => admin.fetchTopicOffsets(topic))
    const read: StoredMessage[] = []
    for (const { partition, low, high } of ends.toSorted((a, b) => a.partition - b.partition)) {
      const connection = await KafkaConnection.open(this.#addressOf(await this.leader(topic, partition)), 'operator')
      try {
        for (let offset = Number(low); offset < Number(high);) {
          const { messages, next } = await fetchFrom(connection, { topic, partition, offset })
          if (next <= offset) throw new Error(`${topic} ${partition}: nothing can be read at ${offset}`)
          for (const message of messages) read.push({ ...message, partition })
          offset = next
        }
      } finally {
        connection.close()
      }
    }
    return read
  }

  /** Number of the node that leads a partition. */
  async leader(topic: string, partition: number): Promise<number | undefined> {
    return (await this.#metadata(topic)).find(({ partitionId }) => partitionId === partition)?.leader
  }

  /** Number of the node that coordinates a group: the one that leads what is stored of it. */
  async coordinator(group: string): Promise<number | undefined> {
    const partitions = await this.#metadata('__consumer_offsets')
    const own = Math.abs(hashCode(group)) % Math.max(1, partitions.length)
    return partitions.find(({ partitionId }) => partitionId === own)?.leader
  }

  /** Until every partition has fewer replicas in sync. */
  async untilLacking(topic: string, replicas: number): Promise<void> {
    const deadline = performance.now() + patienceMs
    while ((await this.#metadata(topic)).some(({ isr }) => isr.length >= replicas)) {
      if (performance.now() > deadline) throw new Error(`${topic}: a replica that is gone still counts as in sync`)
      await sleep(askAgainMs)
    }
  }

  async partitions(topic: string): Promise<number> {
    return (await this.#metadata(topic)).length
  }

  /** Of the node that coordinates a group. */
  async coordinatorAddress(group: string): Promise<string> {
    return this.#addressOf(await this.coordinator(group))
  }

  async memberIds(group: string): Promise<readonly { readonly memberId: string; readonly clientId: string }[]> {
    return this.#described(group)
  }

  async members(group: string): Promise<number> {
    return (await this.#described(group)).length
  }

  /** Which client has which partition. */
  async owners(topic: string, group: string): Promise<readonly (string | undefined)[]> {
    const [partitions, members] = await Promise.all([this.#metadata(topic), this.#described(group)])
    const owners: (string | undefined)[] = partitions.map(() => undefined)
    for (const { clientId, memberAssignment } of members) {
      const { assignment = {} } =
        memberAssignment.length === 0 ? {} : (AssignerProtocol.MemberAssignment.decode(memberAssignment) ?? {})
      for (const partition of assignment[topic] ?? []) owners[partition] = clientId
    }
    return owners
  }

  async close(): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined)
    await admin?.disconnect()
  }

  /** They are numbered from 1, in the order in which they were started. */
  #addressOf(node = 1): string {
    return this.#brokers[node - 1] ?? this.#brokers[0] ?? ''
  }

  async #described(group: string) {
    const { groups } = await this.#ask((admin) => admin.describeGroups([group]))
    return groups[0]?.members ?? []
  }

  async #metadata(topic: string) {
    const { topics } = await this.#ask((admin) => admin.fetchTopicMetadata({ topics: [topic] }))
    return topics[0]?.partitions ?? []
  }

  #gapsOf(topic: string, partition: number): Run[] {
    const key = `${topic}/${partition}`
    const gaps = this.#gaps.get(key) ?? []
    this.#gaps.set(key, gaps)
    return gaps
  }

  /** Of what changes nothing. */
  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const deadline = performance.now() + patienceMs
    for (;;) {
      try {
        return await question(await this.#connected())
      } catch (error) {
        if (performance.now() > deadline) throw error
        await sleep(askAgainMs)
      }
    }
  }

  async #offsets(groupId: string, topic: string) {
    const [found] = await this.#ask((admin) => admin.fetchOffsets({ groupId, topics: [topic] }))
    return (found?.partitions ?? []).map(({ partition, offset, metadata }) => ({
      ...{ partition, offset: Number(offset), metadata: metadata ?? '' },
    }))
  }

  #connected(): Promise<Admin> {
    if (this.#admin === undefined) {
      const admin = this.#kafka.admin()
      this.#admin = admin.connect().then(() => admin)
      this.#admin.catch(() => {
        this.#admin = undefined
      })
    }
    return this.#admin
  }
}

/** Of a text, as Java has it: by it Kafka chooses where a group is stored. */
function hashCode(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0
  return hash
}
