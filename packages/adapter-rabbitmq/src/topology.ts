import {
  adapterError,
  type GroupSpec,
  type ProvisionMode,
  type Route,
  type TopicSpec,
  type Topology,
  type TopologyItem,
  type TopologyReport,
} from '@sluice/core/spi'
import type { DelayQueues } from './delay-queues.js'
import { standOfGroup, type QueueStanding } from './group-queues.js'
import type { Link } from './link.js'
import type { Names } from './names.js'
import { wantedShape, type PartitionMarkers, type TopicShape } from './partition-marker.js'
import { compare, ensure, itemOf, type Standing, type Wanted } from './standing.js'

const MIB = 1024 * 1024

export interface TopologyOptions {
  /** Of the consume side: the broker may have stopped to read the other one. */
  readonly link: Link
  readonly names: Names
  readonly markers: PartitionMarkers
  readonly delays: DelayQueues
  /** Of a keyed topic that is made and names no number. @default 8 */
  readonly partitions?: number | undefined
  /** What the broker takes: 16 MiB since 4.0. @default 16 MiB */
  readonly maxMessageBytes?: number | undefined
  /** What may be written without a confirm. As much again waits at hand, to be written as soon as there is room. */
  readonly window: { readonly messages: number; readonly bytes: number }
}

/** An existing exchange has one partition, and says nothing of keys. */
const existingShape: TopicShape = { partitions: 1, partitioned: false, keyed: false }
/** Batches are no limit: messages and bytes are. */
const MOST_BATCHES = 1_024

/** Topics and groups as exchanges and queues. */
export class BrokerTopology {
  readonly #options: TopologyOptions

  constructor(options: TopologyOptions) {
    this.#options = options
  }

  async provision(topology: Topology, mode: ProvisionMode, signal: AbortSignal): Promise<TopologyReport> {
    for (const spec of topology.topics) for (const group of spec.groups) checkStart(spec.name, group)
    const items: TopologyItem[] = []
    for (const spec of topology.topics) items.push(...(await this.#provisionTopic(spec, mode === 'declare', signal)))
    return { items }
  }

  /** @throws AdapterError UNKNOWN_TOPIC as a rejection */
  async route(topic: string, signal: AbortSignal): Promise<Route> {
    const { maxMessageBytes = 16 * MIB, window } = this.#options
    const shape = await this.shape(topic, signal)
    const exchange = shape === undefined ? undefined : await this.#standOfExchange(topic, false, signal)
    if (shape === undefined || exchange?.state === 'missing') throw unknownTopic(topic)
    return {
      partitions: shape.partitions,
      maxMessageBytes,
      outstanding: { batches: MOST_BATCHES, messages: 2 * window.messages, bytes: 2 * window.bytes },
    }
  }

  /** Partitions of a topic; `undefined` when it does not exist, or was not made by Sluice. */
  shape(topic: string, signal: AbortSignal): Promise<TopicShape | undefined> {
    const { names, markers } = this.#options
    return names.existing(topic) === undefined ? markers.read(topic, signal) : Promise.resolve(existingShape)
  }

  /** As it was last asked for; `undefined`: it was not. */
  isPartitioned(topic: string): boolean | undefined {
    const { names, markers } = this.#options
    return names.existing(topic) === undefined ? markers.known(topic)?.partitioned : false
  }

  /**
   * Makes what is missing of a group whose topic exists: after somebody has deleted a queue. Resolves with what it found and did.
   * @throws AdapterError UNKNOWN_TOPIC when the topic is gone as well
   */
  async declareGroup(topic: string, group: GroupSpec, signal: AbortSignal): Promise<readonly TopologyItem[]> {
    const shape = await this.shape(topic, signal)
    if (shape === undefined) throw unknownTopic(topic)
    return this.#provisionGroup(topic, shape, group, true, signal)
  }

  // ------------------------------------------------------------------------------------------------ topics

  async #provisionTopic(spec: TopicSpec, declare: boolean, signal: AbortSignal): Promise<TopologyItem[]> {
    const { names } = this.#options
    const isExisting = names.existing(spec.name) !== undefined
    const { items, shape } = await (isExisting
      ? this.#provisionExisting(spec, signal)
      : this.#provisionOwn(spec, declare, signal))
    const differs = items.some(({ state }) => state === 'differs')
    const missing = items.some(({ state }) => state === 'missing')
    // Nobody could use a group that is made for a topic other than the one that exists, and it would fill up.
    const make = declare && !differs && !missing
    for (const group of spec.groups) {
      items.push(...(await this.#provisionGroup(spec.name, shape, group, make, signal)))
    }
    return items
  }

  async #provisionOwn(
    { name, keyed, partitions }: TopicSpec,
    declare: boolean,
    signal: AbortSignal,
  ): Promise<{ items: TopologyItem[]; shape: TopicShape }> {
    const { markers, partitions: defaultPartitions = 8 } = this.#options
    const ideal = wantedShape(keyed, partitions, defaultPartitions)
    const before = await markers.read(name, signal, ideal)
    // Who makes the same topic with another shape at this moment may be quicker.
    const shape = before ?? (declare ? await markers.write(name, ideal, signal) : ideal)
    const wanted = describe(keyed, partitions ?? shape.partitions)
    const found = describe(shape.keyed, shape.partitions)
    const entity = `topic ${name}`
    if (wanted !== found) return { items: [{ entity, state: 'differs', wanted, found }], shape }
    const exchange = await this.#standOfExchange(name, declare, signal)
    if (exchange.state === 'differs') return { items: [itemOf(`exchange ${name}`, exchange)], shape }
    if (exchange.state !== 'present' && exchange.state !== 'unknown') {
      return { items: [itemOf(entity, exchange, wanted)], shape }
    }
    if (before !== undefined) return { items: [{ entity, state: exchange.state, wanted, found }], shape }
    return { items: [{ entity, state: declare ? 'created' : 'missing', wanted }], shape }
  }

  async #provisionExisting(
    { name, partitions }: TopicSpec,
    signal: AbortSignal,
  ): Promise<{ items: TopologyItem[]; shape: TopicShape }> {
    const entity = `topic ${name}`
    const shape = existingShape
    if (partitions !== undefined && partitions !== 1) {
      const wanted = `${partitions} partitions`
      return { items: [{ entity, state: 'differs', wanted, found: '1 partition (an existing exchange)' }], shape }
    }
    const wanted = `exchange "${this.#options.names.exchange(name)}"`
    return { items: [itemOf(entity, await this.#standOfExchange(name, false, signal), wanted)], shape }
  }

  #standOfExchange(topic: string, declare: boolean, signal: AbortSignal): Promise<Standing> {
    const { link, names } = this.#options
    const exchange = names.exchange(topic)
    const check: Wanted['check'] = (channel) => channel.checkExchange(exchange)
    if (names.existing(topic) !== undefined) return compare(link, { check }, signal)
    const wanted: Wanted = { check, declare: (channel) => channel.declareExchange(exchange, 'direct') }
    return declare ? ensure(link, wanted, signal) : compare(link, wanted, signal)
  }

  // ------------------------------------------------------------------------------------------------ groups

  async #provisionGroup(
    topic: string,
    shape: TopicShape,
    group: GroupSpec,
    make: boolean,
    signal: AbortSignal,
  ): Promise<TopologyItem[]> {
    const { link, names, delays } = this.#options
    const levels = group.durableDelays ? await delays.stand(make, signal) : undefined
    if (levels?.state === 'differs') return [itemOf('delay queues sluice.delay.*', levels)]
    const isExistingTopic = names.existing(topic) !== undefined
    const queues = await standOfGroup({ link, names, topic, isExistingTopic, shape, group }, make, signal)
    const items = summary(`group ${topic}.${group.name}`, `order ${group.order}`, queues)
    // A group that is made has them made as well, and says so once.
    const alone = items.every(({ state }) => state === 'present' || state === 'unknown')
    if (alone && levels !== undefined && levels.state !== 'present') {
      items.push(itemOf('delay queues sluice.delay.*', levels))
    }
    return items
  }
}

/** One line for a group as a whole, or one for each of its queues that differs. */
function summary(entity: string, wanted: string, queues: readonly QueueStanding[]): TopologyItem[] {
  const differing = queues.filter(({ standing }) => standing.state === 'differs')
  if (differing.length > 0) return differing.map(({ queue, standing }) => itemOf(`queue ${queue}`, standing))
  const missing = queues.filter(({ standing }) => standing.state === 'missing')
  if (missing.length > 0) {
    const some = missing.length < queues.length
    const found = some ? { found: `without ${missing.map(({ queue }) => queue).join(', ')}` } : {}
    return [{ entity, state: 'missing', wanted, ...found }]
  }
  if (queues.some(({ standing }) => standing.state === 'created')) return [{ entity, state: 'created', wanted }]
  const unknown = queues.find(({ standing }) => standing.state === 'unknown')
  return [unknown === undefined ? { entity, state: 'present' } : itemOf(entity, unknown.standing, wanted)]
}

function checkStart(topic: string, { name, from }: GroupSpec): void {
  if (from === 'creation') return
  const text = `group ${topic}.${name}: RabbitMQ keeps nothing that a new group could replay: start at "creation"`
  throw adapterError('UNSUPPORTED', text, { scope: 'group' })
}

const describe = (keyed: boolean, partitions: number): string =>
  `${partitions} ${partitions === 1 ? 'partition' : 'partitions'} ${keyed ? 'with' : 'without'} keys`

const unknownTopic = (topic: string): Error =>
  adapterError('UNKNOWN_TOPIC', `topic "${topic}" does not exist at the broker`, { scope: 'topic' })
