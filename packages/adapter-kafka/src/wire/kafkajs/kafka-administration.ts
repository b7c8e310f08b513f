import type { Clock } from '@sluice/core/spi'
import { errorCodes } from '../error-codes.js'
import { KafkaError } from '../kafka-error.js'
import type {
  Administration,
  CommittedOffset,
  ConfigsOf,
  FoundOffset,
  HostAndPort,
  NewTopic,
  TopicOutcome,
  TopicPartition,
} from '../port.js'
import { byTopic } from '../partitions.js'
import { serverError, type Cluster } from './cluster.js'
import { fetchOffsets, findCoordinator } from './group-requests.js'
import { judgeGroup } from './group-verdict.js'
import { pause } from './pause.js'
import { kafkajsRequest } from './requests.js'

const TOPIC = 2
const NODE = 4
const AS_CONSUMER = -1
const READ_COMMITTED = 1
const COORDINATOR_PAUSE_MS = 50
const START = '-2'
const END = '-1'

interface TopicErrors {
  readonly topicErrors: readonly {
    readonly topic: string
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}

interface ConfigResources {
  readonly resources: readonly {
    readonly errorCode: number
    readonly resourceType: number
    readonly resourceName: string
    readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[]
  }[]
}

interface DeletedRecords {
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number }[]
  }[]
}

interface ListedOffsets {
  readonly responses: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number; readonly offset: string }[]
  }[]
}

export class KafkaAdministration implements Administration {
  readonly #cluster: Cluster
  readonly #clock: Clock

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster
    this.#clock = clock
  }

  async createTopics(topics: readonly NewTopic[]): Promise<readonly TopicOutcome[]> {
    const options = {
      timeout: this.#cluster.requestTimeoutMs,
      topics: topics.map(({ topic, partitions, replicas, configs }) => ({
        ...{ topic, numPartitions: partitions, replicationFactor: replicas },
        configEntries: Object.entries(configs).map(([name, value]) => ({ name, value })),
      })),
    }
    const { topicErrors } = await this.#cluster.ask((versions) =>
      kafkajsRequest<TopicErrors>('CreateTopics', versions, options),
    )
    return topicErrors.map(({ topic, errorCode, errorMessage }) => {
      if (errorCode === 0) return { topic, outcome: 'created', error: undefined }
      if (errorCode === errorCodes.topicAlreadyExists) return { topic, outcome: 'exists', error: undefined }
      return { topic, outcome: 'refused', error: saidBy(errorCode, errorMessage, topic) }
    })
  }

  async addPartitions(topic: string, count: number): Promise<void> {
    const options = { timeout: this.#cluster.requestTimeoutMs, topicPartitions: [{ topic, count }] }
    const { topicErrors } = await this.#cluster.ask((versions) =>
      kafkajsRequest<TopicErrors>('CreatePartitions', versions, options),
    )
    for (const { errorCode, errorMessage } of topicErrors)
      if (errorCode !== 0) throw saidBy(errorCode, errorMessage, topic)
  }

  async configs(
    of: readonly { readonly kind: 'topic' | 'node'; readonly name: string; readonly names: readonly string[] }[],
  ): Promise<readonly ConfigsOf[]> {
    // What is set at a node only that node tells.
    const nodes = of.filter(({ kind }) => kind === 'node')
    const topics = of.filter(({ kind }) => kind === 'topic')
    const found = await Promise.all([
      topics.length === 0 ? [] : this.#configs(topics, undefined),
      ...nodes.map((node) => this.#configs([node], this.#cluster.address(Number(node.name)))),
    ])
    return found.flat()
  }

  async #configs(
    of: readonly { readonly kind: 'topic' | 'node'; readonly name: string; readonly names: readonly string[] }[],
    at: HostAndPort | undefined,
  ): Promise<readonly ConfigsOf[]> {
    const resources = of.map(({ kind, name, names }) => ({
      type: kind === 'topic' ? TOPIC : NODE,
      name,
      configNames: names,
    }))
    const make = (versions: Parameters<Parameters<Cluster['ask']>[0]>[0]) =>
      kafkajsRequest<ConfigResources>('DescribeConfigs', versions, { resources })
    const answer = at === undefined ? await this.#cluster.ask(make) : await this.#cluster.askNode(at, 'ask', make)
    return answer.resources.map(({ errorCode, resourceType, resourceName, configEntries }) => ({
      kind: resourceType === TOPIC ? 'topic' : 'node',
      name: resourceName,
      configs:
        errorCode === 0
          ? Object.fromEntries(
              configEntries.flatMap(({ configName, configValue }) =>
                configValue === null ? [] : [[configName, configValue]],
              ),
            )
          : undefined,
    }))
  }

  async offsets(
    of: readonly TopicPartition[],
    where: 'start' | 'end' | { readonly sinceMs: number },
  ): Promise<readonly FoundOffset[]> {
    const byNode = await this.#byLeader(of)
    const timestamp = where === 'start' ? START : where === 'end' ? END : String(where.sinceMs)
    const found = await Promise.all([...byNode].map(([at, partitions]) => this.#offsetsAt(at, partitions, timestamp)))
    return found.flat()
  }

  async groupOffsets(group: string, of: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    const untilMs = this.#clock.monotonic() + this.#cluster.requestTimeoutMs
    for (;;) {
      const found = await this.#cluster.ask((versions) => findCoordinator(group, versions))
      let code = found.errorCode
      if (code === 0) {
        const answer = await this.#cluster.askNode(found, 'ask', (versions) => fetchOffsets(group, of, versions))
        code = answer.errorCode === 0 ? (answer.offsets.find(isWrong)?.errorCode ?? 0) : answer.errorCode
        if (code === 0) {
          return answer.offsets.map(({ topic, partition, offset, metadata }) => {
            return { topic, partition, offset: offset < 0 ? undefined : offset, metadata }
          })
        }
      }
      // Who coordinates moves, and takes a moment to know what it coordinates.
      if (judgeGroup(code) !== 'elsewhere' || this.#cluster.closing.aborted || this.#clock.monotonic() > untilMs)
        throw serverError(code, `where group ${group} has got to`)
      this.#cluster.turn()
      await pause(this.#cluster.timers, COORDINATOR_PAUSE_MS, this.#cluster.closing)
    }
  }

  async deleteRecords(before: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    const byNode = await this.#byLeader(before)
    // The node has to answer before this side gives it up.
    const timeout = Math.floor(this.#cluster.requestTimeoutMs / 2)
    const answers = await Promise.all(
      [...byNode].map(([at, own]) => {
        const topics = [...byTopic(own)].map(([topic, partitions]) => ({ topic, partitions }))
        return this.#cluster.askNode(at, 'delete', (versions) =>
          kafkajsRequest<DeletedRecords>('DeleteRecords', versions, { topics, timeout }),
        )
      }),
    )
    for (const { topic, partitions } of answers.flatMap(({ topics }) => topics)) {
      for (const { partition, errorCode } of partitions)
        if (errorCode !== 0) throw serverError(errorCode, `${topic} ${partition}`)
    }
  }

  async #byLeader<T extends TopicPartition>(of: readonly T[]): Promise<ReadonlyMap<HostAndPort, readonly T[]>> {
    await this.#cluster.refresh([...new Set(of.map(({ topic }) => topic))])
    const byNode = new Map<HostAndPort, T[]>()
    for (const one of of) {
      const leader = this.#cluster.leader(one)
      if (leader === undefined) throw serverError(errorCodes.leaderNotAvailable, `${one.topic} ${one.partition}`)
      byNode.set(leader, [...(byNode.get(leader) ?? []), one])
    }
    return byNode
  }

  async #offsetsAt(at: HostAndPort, of: readonly TopicPartition[], timestamp: string): Promise<readonly FoundOffset[]> {
    const topics = of.map(({ topic, partition }) => ({ topic, partitions: [{ partition, timestamp }] }))
    const options = { replicaId: AS_CONSUMER, isolationLevel: READ_COMMITTED, topics }
    const answer = await this.#cluster.askNode(at, 'ask', (versions) =>
      kafkajsRequest<ListedOffsets>('ListOffsets', versions, options),
    )
    return answer.responses.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, errorCode, offset }) => {
        if (errorCode !== 0) {
          this.#cluster.forget(topic)
          throw serverError(errorCode, `${topic} ${partition}`)
        }
        const number = Number(offset)
        return { topic, partition, offset: number < 0 ? undefined : number }
      }),
    )
  }
}

const isWrong = ({ errorCode }: { readonly errorCode: number }): boolean => errorCode !== 0

function saidBy(code: number, text: string | null, topic: string): KafkaError {
  const { message } = serverError(code, topic)
  return new KafkaError(text === null || text === '' ? message : `${message}: ${text}`, { kind: 'server', code })
}
