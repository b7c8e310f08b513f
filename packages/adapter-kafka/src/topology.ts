import {
  type AdapterError,
  adapterError,
  type Logger,
  type ProvisionMode,
  type Route,
  sleep,
  type TimerHeap,
  type TopicSpec,
  type Topology,
  type TopologyItem,
  type TopologyReport,
  within,
} from '@sluice/core/spi'
import { toAdapterError } from './errors.js'
import { unknownTopic } from './family.js'
import { standOfGroup } from './group-topology.js'
import { keyMark, markOf, readMark } from './key-mark.js'
import { checkTopicName } from './names.js'
import type { ResolvedOptions } from './options.js'
import { errorCodes } from './wire/error-codes.js'
import type { KafkaCluster, NewTopic } from './wire/port.js'

export interface TopologyOptions {
  readonly cluster: KafkaCluster
  readonly timers: TimerHeap
  readonly log: Logger
  readonly shape: Pick<ResolvedOptions, 'partitions' | 'replicationFactor' | 'minInsyncReplicas'>
}

/** `message.max.bytes` of a broker that nobody has set up otherwise. */
const USUAL_MAX_BYTES = 1_048_588
/** What a batch of one record has beside what core counts: the batch itself, and the headers that carry id, type and content type. */
const BATCH_OVERHEAD = 512
/** A batch is written in one piece; what core counts of a message may be a little less than what it takes. */
const BATCH_SHARE = 0.85
const MOST_BATCH_BYTES = 900_000
const MOST_MESSAGES = 5_000
const LOOK_AGAIN_MS = 20
const usualReplicas = 3
const usualInSync = 2

/** Topics and groups, as the cluster has them and as they are made. */
export class ClusterTopology {
  readonly #options: TopologyOptions
  #hasWarned = false

  constructor(options: TopologyOptions) {
    this.#options = options
  }

  /** @throws AdapterError UNKNOWN_TOPIC as a rejection */
  async route(topic: string, signal: AbortSignal): Promise<Route> {
    const { cluster } = this.#options
    checkTopicName(topic)
    const partitions = await this.partitionsOf(topic, signal)
    if (partitions === undefined) throw unknownTopic(topic)
    const asked = [{ kind: 'topic', name: topic, names: ['max.message.bytes'] }] as const
    const [found] = await within(cluster.administration.configs(asked), signal).catch(asAdapterError)
    const maxBytes = Number(found?.configs?.['max.message.bytes'] ?? USUAL_MAX_BYTES)
    return {
      partitions,
      maxMessageBytes: Math.max(1, maxBytes - BATCH_OVERHEAD),
      outstanding: {
        batches: 1,
        messages: MOST_MESSAGES,
        bytes: Math.min(MOST_BATCH_BYTES, Math.floor(maxBytes * BATCH_SHARE)),
      },
    }
  }

  async provision(topology: Topology, mode: ProvisionMode, signal: AbortSignal): Promise<TopologyReport> {
    for (const { name } of topology.topics) checkTopicName(name)
    const items: TopologyItem[] = []
    for (const spec of topology.topics) items.push(...(await this.#provisionTopic(spec, mode === 'declare', signal)))
    return { items }
  }

  /** `undefined`: there is no such topic. */
  async partitionsOf(topic: string, signal: AbortSignal): Promise<number | undefined> {
    const [found] = await within(this.#options.cluster.metadata([topic]), signal).catch(asAdapterError)
    return found?.partitions.length
  }

  /**
   * Makes a topic, and waits until it can be used. Resolves with false where somebody else was quicker.
   * @throws AdapterError
   */
  async create(topic: Pick<NewTopic, 'topic' | 'partitions' | 'configs'>, signal: AbortSignal): Promise<boolean> {
    const { cluster, timers } = this.#options
    const { replicas, inSync } = this.#replicasOf(topic.topic)
    const configs = {
      'min.insync.replicas': String(inSync),
      'unclean.leader.election.enable': 'false',
      ...topic.configs,
    }
    const making = cluster.administration.createTopics([{ ...topic, replicas, configs }])
    const [made] = await within(making, signal).catch(asAdapterError)
    if (made?.outcome === 'refused') throw refused(topic.topic, made.error)
    // Made, and known to the node that is asked, are two things.
    for (;;) {
      const [found] = await within(cluster.metadata([topic.topic]), signal).catch(asAdapterError)
      if (found !== undefined && found.partitions.every(({ leader }) => leader >= 0)) break
      await sleep(timers, LOOK_AGAIN_MS, signal)
    }
    return made?.outcome === 'created'
  }

  /** @throws AdapterError TOPOLOGY_MISMATCH */
  #replicasOf(topic: string): { readonly replicas: number; readonly inSync: number } {
    const { cluster, shape, log } = this.#options
    const { nodes } = cluster
    const replicas = shape.replicationFactor ?? Math.min(usualReplicas, nodes)
    const inSync = shape.minInsyncReplicas ?? Math.min(usualInSync, replicas)
    if (replicas > nodes) throw tooFewNodes(topic, replicas, nodes)
    if (inSync > replicas) throw tooFewNodes(topic, inSync, nodes)
    if (shape.replicationFactor === undefined && replicas < usualReplicas && !this.#hasWarned) {
      this.#hasWarned = true
      log.warn(
        'kafka: topics are made with fewer than 3 replicas, because there are no more nodes: their disks hold all there is',
        {
          ...{ topic, replicas, nodes },
          remedy:
            'say how many you want with the option replicationFactor; more can be given to a topic later by an operator',
        },
      )
    }
    return { replicas, inSync }
  }

  /** `undefined`: not known. */
  async #isKeyed(topic: string, signal: AbortSignal): Promise<boolean | undefined> {
    const asked = [{ kind: 'topic', name: topic, names: [keyMark] }] as const
    const [found] = await within(this.#options.cluster.administration.configs(asked), signal).catch(asAdapterError)
    return readMark(found?.configs?.[keyMark])
  }

  async #provisionTopic(spec: TopicSpec, declare: boolean, signal: AbortSignal): Promise<readonly TopologyItem[]> {
    const { cluster, timers, shape } = this.#options
    const entity = `topic ${spec.name}`
    const wanted = describe(spec.partitions ?? shape.partitions)
    let found = await this.partitionsOf(spec.name, signal)
    let created = false
    if (found === undefined && declare) {
      const partitions = spec.partitions ?? shape.partitions
      created = await this.create({ topic: spec.name, partitions, configs: { [keyMark]: markOf(spec.keyed) } }, signal)
      // Whoever was quicker may have made it otherwise.
      found = await this.partitionsOf(spec.name, signal)
    }
    if (found === undefined) {
      const groups = spec.groups.map(({ name }): TopologyItem => ({
        entity: `group ${spec.name}.${name}`,
        state: 'missing',
      }))
      return [{ entity, state: 'missing', wanted }, ...groups]
    }
    if (spec.partitions !== undefined && spec.partitions !== found)
      return [{ entity, state: 'differs', wanted, found: describe(found) }]
    const keyed = await this.#isKeyed(spec.name, signal)
    if (keyed !== undefined && keyed !== spec.keyed)
      return [{ entity, state: 'differs', wanted: describeKeys(spec.keyed), found: describeKeys(keyed) }]
    const items: TopologyItem[] = [{ entity, state: created ? 'created' : 'present', wanted, found: describe(found) }]
    for (const group of spec.groups) {
      const request = { topology: this, cluster, timers, topic: spec.name, partitions: found, group }
      items.push(await standOfGroup(request, declare, signal).catch(asAdapterError))
    }
    return items
  }
}

const describeKeys = (keyed: boolean): string => (keyed ? 'messages with keys' : 'messages without keys')

const describe = (partitions: number): string => `${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`

function asAdapterError(error: unknown): never {
  throw toAdapterError(error, { scope: 'topic' })
}

function refused(topic: string, error: unknown): Error & AdapterError {
  const trouble = toAdapterError(error, { scope: 'topic' })
  const code = trouble.cause instanceof Error && 'code' in trouble.cause ? trouble.cause.code : undefined
  if (code !== errorCodes.invalidReplicationFactor && code !== errorCodes.invalidConfig) return trouble
  const text = `topic "${topic}" cannot be made as it is wanted: ${trouble.text}`
  return adapterError('TOPOLOGY_MISMATCH', text, { scope: 'topic', fatal: true, cause: trouble.cause })
}

function tooFewNodes(topic: string, wanted: number, found: number): Error & AdapterError {
  const text = `topic "${topic}": wanted ${wanted} replicas, found ${found} ${found === 1 ? 'node' : 'nodes'}. Set the options replicationFactor and minInsyncReplicas to what the cluster can hold`
  return adapterError('TOPOLOGY_MISMATCH', text, { scope: 'topic', fatal: true })
}
