import { systemClock, type Clock } from '@sluice/core/spi'
import { errorCodes } from '../src/wire/error-codes.js'
import { KafkaError } from '../src/wire/kafka-error.js'
import { partitionKey } from '../src/wire/partitions.js'
import type {
  FetchEvents,
  Fetching,
  GroupMember,
  JoinOptions,
  KafkaCluster,
  KafkaDriver,
  MemberEvents,
  NewTopic,
  ProduceResult,
  TopicPartition,
} from '../src/wire/port.js'
import type { FetchedRecord, KafkaRecord } from '../src/wire/records/record.js'
import { FakeGroup } from './fake-group.js'

export interface FakeLog {
  /** First offset that is there. */
  start: number
  readonly records: FetchedRecord[]
  end: number
}

const unknownTopic = (topic: string): KafkaError =>
  new KafkaError(`${topic}: UNKNOWN_TOPIC_OR_PARTITION`, { kind: 'server', code: errorCodes.unknownTopicOrPartition })

/** What clusters of one test share: Kafka in the memory of the test, as far as the port shows it. */
export class FakeKafka implements KafkaDriver {
  readonly logs = new Map<string, FakeLog>()
  readonly topics = new Map<string, NewTopic>()
  readonly groups = new Map<string, FakeGroup>()
  /** Commits in the order in which they came, with the ones that were refused left out. */
  readonly commits: (TopicPartition & { readonly offset: number; readonly metadata: string })[] = []
  readonly clock: Clock
  nodes = 3
  maxMessageBytes = 1_048_588
  /** What becomes of a batch, instead of being stored. */
  fate: (to: TopicPartition, records: readonly KafkaRecord[]) => Promise<ProduceResult> | undefined = () => undefined
  /** No request is answered otherwise. */
  trouble: KafkaError | undefined
  /** No commit is stored. */
  commitTrouble: KafkaError | undefined
  readonly fetches = new Set<() => void>()

  constructor(clock: Clock = systemClock) {
    this.clock = clock
  }

  async connect(): Promise<KafkaCluster> {
    await this.answer()
    return new FakeCluster(this)
  }

  /** As long as a request takes. */
  async answer(): Promise<void> {
    await Promise.resolve()
    if (this.trouble !== undefined) throw this.trouble
  }

  make(topic: string, partitions: number): void {
    this.topics.set(topic, { topic, partitions, replicas: 1, configs: {}, ...this.topics.get(topic) })
    this.grow(topic, partitions)
  }

  grow(topic: string, partitions: number): void {
    this.topics.set(topic, { ...(this.topics.get(topic) as NewTopic), partitions })
    for (let partition = 0; partition < partitions; partition += 1) {
      const key = partitionKey({ topic, partition })
      if (!this.logs.has(key)) this.logs.set(key, { start: 0, records: [], end: 0 })
    }
  }

  log(at: TopicPartition): FakeLog {
    const log = this.logs.get(partitionKey(at))
    if (log === undefined) throw unknownTopic(at.topic)
    return log
  }

  /** Wall time of the brokers: nothing that the clock of a client says has a part in it. */
  get brokerMs(): number {
    return Math.floor(this.clock.monotonic()) + 1_000_000
  }

  /** Whether the topic keeps the time of the broker instead of the one of the record. */
  stampsItself(topic: string): boolean {
    return this.topics.get(topic)?.configs['message.timestamp.type'] === 'LogAppendTime'
  }

  append(to: TopicPartition, records: readonly KafkaRecord[]): number {
    const log = this.log(to)
    const base = log.end
    const stamp = this.stampsItself(to.topic) ? { timestampMs: this.brokerMs } : {}
    for (const record of records) log.records.push({ ...record, ...stamp, offset: log.end++ })
    for (const look of this.fetches) look()
    return base
  }

  group(name: string): FakeGroup {
    let group = this.groups.get(name)
    if (group === undefined) {
      group = new FakeGroup(this)
      this.groups.set(name, group)
    }
    return group
  }
}

class FakeCluster implements KafkaCluster {
  readonly clusterId = 'fake'
  readonly administration: KafkaCluster['administration']
  readonly #kafka: FakeKafka
  #closed = false

  constructor(kafka: FakeKafka) {
    this.#kafka = kafka
    this.administration = {
      createTopics: async (topics) => {
        await this.#answer()
        return topics.map((spec) => {
          if (kafka.topics.has(spec.topic)) return { topic: spec.topic, outcome: 'exists', error: undefined }
          kafka.topics.set(spec.topic, spec)
          kafka.grow(spec.topic, spec.partitions)
          return { topic: spec.topic, outcome: 'created', error: undefined }
        })
      },
      addPartitions: async (topic, count) => {
        await this.#answer()
        kafka.grow(topic, count)
      },
      configs: async (of) => {
        await this.#answer()
        return of.map(({ kind, name }) => {
          const configs = { 'max.message.bytes': String(kafka.maxMessageBytes), ...kafka.topics.get(name)?.configs }
          return { kind, name, configs }
        })
      },
      deleteRecords: async (before) => {
        await this.#answer()
        for (const one of before) {
          const log = kafka.log(one)
          log.start = Math.max(log.start, one.offset)
          log.records.splice(0, log.records.filter(({ offset }) => offset < log.start).length)
        }
      },
      groupOffsets: async (group, of) => {
        await this.#answer()
        return of.map((one) => kafka.group(group).committed(one))
      },
      offsets: async (of, where) => {
        await this.#answer()
        return of.map(({ topic, partition }) => {
          const log = kafka.log({ topic, partition })
          return { topic, partition, offset: where === 'start' ? log.start : log.end }
        })
      },
    }
  }

  get nodes(): number {
    return this.#kafka.nodes
  }

  async metadata(topics: readonly string[]) {
    await this.#answer()
    return topics.flatMap((topic) => {
      const spec = this.#kafka.topics.get(topic)
      if (spec === undefined) return []
      const partitions = Array.from({ length: spec.partitions }, (_, partition) => {
        return { partition, leader: 1, replicas: [1], inSync: [1] }
      })
      return [{ topic, partitions }]
    })
  }

  async producer() {
    await this.#answer()
    return {
      send: async (to: TopicPartition, records: readonly KafkaRecord[]): Promise<ProduceResult> => {
        const fate = this.#kafka.fate(to, records)
        if (fate !== undefined) return fate
        await Promise.resolve()
        try {
          const baseOffset = this.#kafka.append(to, records)
          const appendedMs = this.#kafka.stampsItself(to.topic) ? this.#kafka.brokerMs : undefined
          return { kind: 'stored', baseOffset, appendedMs }
        } catch (error) {
          return { kind: 'refused', error: error as KafkaError }
        }
      },
    }
  }

  join(options: JoinOptions, events: MemberEvents): GroupMember {
    return this.#kafka.group(options.group).join(options, events)
  }

  fetch(_: unknown, events: FetchEvents): Fetching {
    return fetchFrom(this.#kafka, events)
  }

  close(): void {
    this.#closed = true
  }

  async #answer(): Promise<void> {
    if (this.#closed) throw new KafkaError('closed by this side', { kind: 'closed' })
    await this.#kafka.answer()
  }
}

const MOST_AT_ONCE = 50

function fetchFrom(kafka: FakeKafka, events: FetchEvents): Fetching {
  const readings = new Map<string, { readonly at: TopicPartition; offset: number; paused: boolean; stands: boolean }>()
  let scheduled = false
  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      look()
    })
  }
  const look = (): void => {
    for (const [key, reading] of readings) {
      const log = kafka.logs.get(key)
      if (reading.paused || reading.stands || log === undefined) continue
      const { at, offset } = reading
      if (offset < log.start || offset > log.end) {
        reading.stands = true
        events.positionLost(at, offset)
        continue
      }
      const records = log.records.filter((record) => record.offset >= offset).slice(0, MOST_AT_ONCE)
      const next = records.length === MOST_AT_ONCE ? (records.at(-1)?.offset ?? 0) + 1 : log.end
      if (next === offset) continue
      reading.offset = next
      events.records(at, { records, next })
      schedule()
    }
  }
  kafka.fetches.add(schedule)
  const begin = (at: TopicPartition, offset: number): void => {
    readings.set(partitionKey(at), { at, offset, paused: false, stands: false })
    schedule()
  }
  const change = (at: TopicPartition, paused: boolean): void => {
    const reading = readings.get(partitionKey(at))
    if (reading !== undefined) reading.paused = paused
    schedule()
  }
  return {
    add: begin,
    seek: begin,
    remove: (at) => void readings.delete(partitionKey(at)),
    pause: (at) => change(at, true),
    resume: (at) => change(at, false),
    close: () => {
      readings.clear()
      kafka.fetches.delete(schedule)
    },
  }
}
