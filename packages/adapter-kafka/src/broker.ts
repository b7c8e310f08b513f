import {
  createTimerHeap,
  type AdapterContext,
  type Consumer,
  type ConsumeRequest,
  type ConsumeSink,
  type DeadLetterBox,
  type GroupRef,
  type TimerHeap,
} from '@sluice/core/spi'
import { BrokerTime } from './broker-time.js'
import { closedError } from './closed-error.js'
import { connectCluster } from './connect.js'
import { GroupConsumer } from './consume.js'
import { openDeadLetters } from './dead-letters.js'
import { toAdapterError } from './errors.js'
import { findFamily } from './family.js'
import type { ResolvedOptions } from './options.js'
import { Pulse } from './pulse.js'
import { Reachability } from './reachability.js'
import { Sender } from './send.js'
import { ClusterTopology } from './topology.js'
import type { KafkaCluster, KafkaDriver, TopicMetadata } from './wire/port.js'

const SLOWEST_PULSE_MS = 3_000
const PULSES_IN_SESSION = 10

/** What an open adapter consists of. */
export class Broker {
  readonly cluster: KafkaCluster
  readonly sender: Sender
  readonly topology: ClusterTopology
  readonly #options: ResolvedOptions
  readonly #context: AdapterContext
  readonly #timers: TimerHeap
  readonly #time: BrokerTime
  readonly #pulse: Pulse
  readonly #consumers = new Set<GroupConsumer>()
  /** Partitions that a topic was known to have. */
  readonly #counts = new Map<string, number>()
  #closed = false

  static async open(
    driver: KafkaDriver,
    options: ResolvedOptions,
    context: AdapterContext,
    signal: AbortSignal,
  ): Promise<Broker> {
    const timers = createTimerHeap(context.clock)
    const reachability = new Reachability(context)
    const target = { ...options.target, clientId: context.clientName }
    try {
      const cluster = await connectCluster({ driver, target, context, timers, reachability }, signal)
      reachability.ready()
      return new Broker(options, context, { cluster, timers, reachability })
    } catch (error) {
      timers.clear()
      throw error
    }
  }

  private constructor(
    options: ResolvedOptions,
    context: AdapterContext,
    found: { readonly cluster: KafkaCluster; readonly timers: TimerHeap; readonly reachability: Reachability },
  ) {
    const { cluster, timers, reachability } = found
    this.cluster = cluster
    this.#options = options
    this.#context = context
    this.#timers = timers
    this.#pulse = new Pulse({
      ...{ cluster, timers, reachability },
      everyMs: Math.min(SLOWEST_PULSE_MS, options.sessionTimeoutMs / PULSES_IN_SESSION),
      topics: () => [...this.#counts.keys()],
      seen: (topics) => this.#seen(topics),
    })
    const time = new BrokerTime(context.clock)
    this.#time = time
    this.sender = new Sender({ cluster, context, timers, time, troubled: () => this.#pulse.hurry() })
    this.topology = new ClusterTopology({ cluster, timers, log: context.log, shape: options })
  }

  /** From now on it is looked at whether the topic gets more partitions. */
  watch(topic: string, partitions: number): void {
    this.#counts.set(topic, partitions)
  }

  async startConsumer(request: ConsumeRequest, sink: ConsumeSink, signal: AbortSignal): Promise<Consumer> {
    const { cluster } = this
    const { group, order } = request
    const wanted = { group, hasDelays: order === 'none' }
    const view = await findFamily(cluster, wanted, this.#timers, signal).catch((error: unknown) => {
      throw toAdapterError(error, { scope: 'group' })
    })
    const { topic } = request.group
    this.watch(topic, view.partitions.filter((one) => one.topic === topic).length)
    const consumer = await GroupConsumer.start(
      {
        ...{ cluster, context: this.#context, timers: this.#timers, request, sink, view },
        ...{ sender: this.sender, time: this.#time },
        sessionMs: this.#options.sessionTimeoutMs,
        closed: (one) => this.#consumers.delete(one),
      },
      signal,
    )
    if (this.#closed) {
      await consumer.close(signal)
      throw closedError()
    }
    this.#consumers.add(consumer)
    return consumer
  }

  deadLetters(group: GroupRef, signal: AbortSignal): Promise<DeadLetterBox> {
    const { clock } = this.#context
    return openDeadLetters({ cluster: this.cluster, timers: this.#timers, clock }, group, signal)
  }

  /** What was published is answered by then; consumers leave, and at last the connections go. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true
    this.#pulse.close()
    this.sender.close()
    await Promise.all([...this.#consumers].map((consumer) => consumer.close(signal)))
    this.cluster.close()
    this.#timers.clear()
  }

  #seen(topics: readonly TopicMetadata[]): void {
    for (const { topic, partitions } of topics) {
      const before = this.#counts.get(topic)
      if (before === undefined || before === partitions.length) continue
      this.#counts.set(topic, partitions.length)
      this.#context.routeChanged(topic)
      for (const consumer of this.#consumers) void this.#grow(consumer, topic, partitions.length)
    }
  }

  /** What is for a group alone has as many partitions as its topic. */
  async #grow(consumer: GroupConsumer, topic: string, count: number): Promise<void> {
    const { source, besides } = consumer.family
    if (source !== topic) return
    for (const own of besides) {
      await this.cluster.administration.addPartitions(own, count).catch((error: unknown) => {
        // Another member was quicker, or it may not be done: sends to the group say so then.
        this.#context.log.debug(`kafka: ${own} gets no more partitions`, { reason: String(error) })
      })
    }
    consumer.share()
  }
}
