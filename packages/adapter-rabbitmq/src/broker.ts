import {
  adapterError,
  type AdapterContext,
  type AdapterError,
  type Consumer,
  type ConsumeRequest,
  type ConsumeSink,
  type DeadLetterBox,
  type Finding,
  type GroupMeasure,
  type GroupRef,
  type ProvisionMode,
  type Side,
  type TopicSpec,
  type Topology,
  type TopologyItem,
  type TopologyReport,
} from '@sluice/core/spi'
import { GroupConsumer, type GroupQueues } from './consume.js'
import { openDeadLetters } from './dead-letters.js'
import { DelayQueues } from './delay-queues.js'
import { ExclusiveLocks } from './exclusive-locks.js'
import { findForgotten } from './forgotten-consumers.js'
import { bindGroupQueue } from './group-queues.js'
import { inspectBroker } from './inspect.js'
import { BindingKeeper } from './keep-bound.js'
import { KnownExchanges } from './known-exchanges.js'
import type { Link } from './link.js'
import { measureGroup } from './measure.js'
import { Membership } from './membership.js'
import { createNames, type Names } from './names.js'
import type { ResolvedOptions } from './options.js'
import { PartitionMarkers } from './partition-marker.js'
import { ReconnectingLink } from './reconnecting-link.js'
import { publishWindow, Sender } from './send.js'
import { closedError } from './send-errors.js'
import { Starts } from './starts.js'
import { BrokerTopology } from './topology.js'
import { createAmqplibWire } from './wire/amqplib/wire.js'

/** Core lets go of a delivery before the broker does. */
const HOLD_SHARE = 0.8
const REDECLARE_MS = 30_000
const STARTS_MS = 30_000

/** What an open adapter consists of. */
export class Broker {
  readonly names: Names
  readonly publish: Link
  readonly consume: Link
  readonly sender: Sender
  readonly topology: BrokerTopology
  readonly #options: ResolvedOptions
  readonly #context: AdapterContext
  readonly #membership: Membership
  readonly #locks: ExclusiveLocks
  readonly #starts: Starts
  readonly #delays: DelayQueues
  readonly #bindings: BindingKeeper
  readonly #consumers = new Set<GroupConsumer>()
  /** What was declared here, to be declared again when somebody deletes it. */
  readonly #declared = new Map<string, TopicSpec>()
  #closed = false

  constructor(options: ResolvedOptions, context: AdapterContext) {
    this.#options = options
    this.#context = context
    this.names = createNames(options.existing)
    this.publish = this.#link('publish')
    this.consume = this.#link('consume')
    const { names, publish, consume } = this
    const exchanges = new KnownExchanges(consume)
    this.#locks = new ExclusiveLocks(consume, context.clock)
    this.#delays = new DelayQueues(consume)
    this.topology = new BrokerTopology({
      link: consume,
      names,
      markers: new PartitionMarkers(consume, names),
      delays: this.#delays,
      partitions: options.partitions,
      window: publishWindow,
    })
    const isPartitioned = (topic: string): boolean | undefined => this.topology.isPartitioned(topic)
    this.sender = new Sender({ context, link: publish, names, exchanges, isPartitioned })
    this.#membership = new Membership({ context, consume, publish })
    const { clock } = context
    this.#bindings = new BindingKeeper(consume, clock)
    this.#starts = new Starts({ names, publishLink: publish, consumeLink: consume, locks: this.#locks, clock })
  }

  async open(signal: AbortSignal): Promise<void> {
    await Promise.all([this.publish.open(signal), this.consume.open(signal)])
  }

  async provision(topology: Topology, mode: ProvisionMode, signal: AbortSignal): Promise<TopologyReport> {
    if (mode !== 'declare') return this.topology.provision(topology, mode, signal)
    const items: TopologyItem[] = []
    for (const spec of topology.topics) items.push(...(await this.#declare(spec, signal)))
    for (const spec of topology.topics) this.#remember(spec)
    return { items }
  }

  async startConsumer(request: ConsumeRequest, sink: ConsumeSink, signal: AbortSignal): Promise<Consumer> {
    const { group } = request
    if (request.from === 'earliest') throw noReplay(group)
    const queues = await this.#queuesOf(request, signal)
    await this.consume.onChannel((channel) => channel.checkQueue(queues.queue(0)), signal)
    if (this.#closed) throw closedError()
    const consumer = new GroupConsumer({
      context: this.#context,
      link: this.consume,
      membership: this.#membership,
      membershipKey: this.names.membership(group.topic, group.group),
      request,
      sink,
      queues,
      starts: this.#starts.ofGroup(group, STARTS_MS),
      holdMs: this.#options.consumerTimeoutMs * HOLD_SHARE,
      redeclare: () => this.#redeclare(group),
      closed: (one) => {
        this.#consumers.delete(one)
        stopKeeping()
      },
    })
    const stopKeeping = this.#keepBound(consumer, group, queues)
    this.#consumers.add(consumer)
    return consumer
  }

  deadLetters(group: GroupRef, signal: AbortSignal): Promise<DeadLetterBox> {
    const { clock } = this.#context
    return openDeadLetters({ link: this.consume, locks: this.#locks, names: this.names, clock }, group, signal)
  }

  measure(group: GroupRef, signal: AbortSignal): Promise<GroupMeasure> {
    const { consume: link, names, topology } = this
    return measureGroup({ link, names, topology }, group, signal)
  }

  inspect(wanted: Topology, signal: AbortSignal): Promise<readonly Finding[]> {
    const { consume: link, names, topology } = this
    return inspectBroker({ link, names, topology, delays: this.#delays }, wanted, signal)
  }

  /** Confirms are awaited by core before; then acknowledgements, channels and at last the connections. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true
    this.sender.close()
    this.#bindings.close()
    await Promise.all([...this.#consumers].map((consumer) => consumer.close(signal).catch(() => undefined)))
    this.#membership.close()
    await Promise.all([this.publish.close(signal), this.consume.close(signal)])
  }

  #link(side: Side): Link {
    const connectionName = `${this.#context.clientName} ${side}`
    const targets = this.#options.targets.map((target) => ({ ...target, connectionName }))
    const { clock } = this.#context
    return new ReconnectingLink({ side, wire: createAmqplibWire(clock), context: this.#context, targets })
  }

  async #queuesOf({ group: { topic, group }, order }: ConsumeRequest, signal: AbortSignal): Promise<GroupQueues> {
    const shape = await this.topology.shape(topic, signal)
    if (shape === undefined) throw missing(topic)
    const { partitioned, partitions } = shape
    const queue = (partition: number): string => this.names.queue(topic, group, partition, partitioned)
    if (partitioned) return { shared: true, partitions, queue }
    const existing = this.names.existingGroup(topic, group)
    // A queue that Sluice makes for an exchange of somebody else keeps its order when that is wanted.
    const isOwn = existing === undefined && this.names.existing(topic) !== undefined
    const isOrdered = existing?.exclusive ?? isOwn
    if (order === 'key' && !isOrdered) throw notOrdered({ topic, group })
    return { shared: order === 'key', partitions: 1, queue }
  }

  /** What was not declared here is not bound here either. */
  #keepBound(consumer: GroupConsumer, { topic, group: name }: GroupRef, queues: GroupQueues): () => void {
    const group = this.#declared.get(topic)?.groups.find((one) => one.name === name)
    if (group === undefined || this.names.existingGroup(topic, name) !== undefined) return () => undefined
    const { names } = this
    return this.#bindings.keep({
      bind: async (channel, signal) => {
        await channel.checkExchange(names.exchange(topic))
        for (const partition of consumer.partitions) {
          await bindGroupQueue(channel, { names, topic, group }, { queue: queues.queue(partition), partition })
        }
        await findForgotten(consumer.consumed, { channel, clock: this.#context.clock, signal })
      },
      gone: () => consumer.unbound(),
    })
  }

  /**
   * One process after the other: a quorum queue that somebody is just making looks finished to everybody else, and refuses what they
   * publish until it has a leader, while the queue of another group takes it.
   */
  async #declare(spec: TopicSpec, signal: AbortSignal): Promise<readonly TopologyItem[]> {
    const { names } = this
    const isAllThere =
      names.existing(spec.name) !== undefined &&
      spec.groups.every((group) => names.existingGroup(spec.name, group.name) !== undefined)
    // What others have made is only looked at, and whoever may do no more has no right to make a lock either.
    if (isAllThere) return (await this.topology.provision({ topics: [spec] }, 'declare', signal)).items
    const lock = await this.#locks.take(names.provisionLock(spec.name), signal)
    try {
      return (await this.topology.provision({ topics: [spec] }, 'declare', signal)).items
    } finally {
      await lock.release(signal)
    }
  }

  #remember(spec: TopicSpec): void {
    const groups = new Map(this.#declared.get(spec.name)?.groups.map((group) => [group.name, group]))
    for (const group of spec.groups) groups.set(group.name, group)
    this.#declared.set(spec.name, { ...spec, groups: [...groups.values()] })
  }

  async #redeclare({ topic, group }: GroupRef): Promise<boolean> {
    const spec = this.#declared.get(topic)
    if (spec?.groups.some(({ name }) => name === group) !== true) return false
    this.#context.routeChanged(topic)
    const items = await this.#declare(spec, AbortSignal.timeout(REDECLARE_MS))
    const differing = items.find(({ state }) => state === 'differs' || state === 'missing')
    if (differing === undefined) return true
    const { entity, wanted = '', found = '' } = differing
    throw adapterError('TOPOLOGY_MISMATCH', `${entity}: wanted ${wanted}, found ${found}`, { scope: 'group' })
  }
}

function noReplay({ topic, group }: GroupRef): Error & AdapterError {
  const text = `group ${topic}.${group}: RabbitMQ keeps nothing that a new group could replay: start at "creation"`
  return adapterError('UNSUPPORTED', text, { scope: 'group' })
}

function notOrdered({ topic, group }: GroupRef): Error & AdapterError {
  const text = `group ${topic}.${group}: order "key" is wanted, but its queue hands over to any number of consumers: subscribe with order "none", or give it a single active consumer and say exclusive: true`
  return adapterError('TOPOLOGY_MISMATCH', text, { scope: 'group', fatal: true })
}

const missing = (topic: string): Error & AdapterError =>
  adapterError('UNKNOWN_TOPIC', `topic "${topic}" does not exist at the broker`, { scope: 'topic' })
