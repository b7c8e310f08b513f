import { createTimerHeap, type TimerHeap } from '../kit/timer-heap.js'
import { systemClock, type Clock } from '../model/clock.js'
import { adapterError, type AdapterError, type AdapterErrorCode } from '../spi/adapter-error.js'
import type { GroupRef } from '../spi/sending.js'
import { resolveBrokerLimits, type BrokerLimits, type MemoryBrokerOptions } from './broker-options.js'
import type { Group } from './group.js'
import type { QueueTime } from './group-queue.js'
import type { Latency } from './latency.js'
import { isLog, type MemoryLike } from './like.js'
import { Pump } from './pump.js'
import type { SendRule } from './send-rule.js'
import { Topic } from './topic.js'
import { Watch } from './watch.js'

/** One connected client, as the broker sees it. */
export interface BrokerClient {
  readonly id: number
  readonly clientName: string
  /** The broker can be reached again, takes messages again, answers again: whatever waited goes on. */
  wake(): void
  routeChanged(topic: string): void
  /** A topic is gone; consumers of it recover or fail. */
  topicGone(topic: string, groups: ReadonlySet<Group>): void
}

/** The broker that lives in the process: topics and their groups, and who is connected. */
export class Broker implements QueueTime {
  readonly like: MemoryLike
  readonly name: string
  readonly limits: BrokerLimits
  readonly log: boolean
  readonly pump: Pump = new Pump()
  readonly topics: Map<string, Topic> = new Map()
  readonly clients: Set<BrokerClient> = new Set()
  readonly rules: Set<SendRule> = new Set()
  readonly watch: Watch = new Watch()
  /** Without it nothing takes time on its way. */
  readonly latencyMs: Latency | undefined
  stopped = false
  silent = false
  blocked = false
  denied: AdapterErrorCode | undefined
  #clock: Clock
  #timers: TimerHeap
  readonly #ownClock: boolean
  #lastClient = 0
  #lastMember = 0

  constructor(like: MemoryLike, options: MemoryBrokerOptions) {
    this.like = like
    this.limits = resolveBrokerLimits(like, options)
    this.name = options.name ?? 'default'
    this.log = isLog(like)
    this.latencyMs = options.latencyMs
    this.#ownClock = options.clock !== undefined
    this.#clock = options.clock ?? systemClock
    this.#timers = createTimerHeap(this.#clock)
  }

  get clock(): Clock {
    return this.#clock
  }

  get timers(): TimerHeap {
    return this.#timers
  }

  nextClientId(): number {
    this.#lastClient += 1
    return this.#lastClient
  }

  nextMemberId(): number {
    this.#lastMember += 1
    return this.#lastMember
  }

  connect(client: BrokerClient, clock: Clock): void {
    // As long as there is nothing whose time was measured, the first client brings the time with it.
    if (!this.#ownClock && this.clients.size === 0 && this.topics.size === 0 && clock !== this.#clock) {
      this.#clock = clock
      this.#timers = createTimerHeap(clock)
    }
    this.clients.add(client)
  }

  /** Why nobody can connect now. */
  get refusal(): (Error & AdapterError) | undefined {
    if (this.denied !== undefined) {
      return adapterError(this.denied, `memory broker "${this.name}" refuses the connection`, { fatal: true })
    }
    return this.stopped ? this.lost('is stopped') : undefined
  }

  lost(what: string): Error & AdapterError {
    return adapterError('DISCONNECTED', `memory broker "${this.name}" ${what}`, { retryable: true })
  }

  /** @throws AdapterError UNKNOWN_TOPIC */
  topic(name: string): Topic {
    const topic = this.topics.get(name)
    if (topic !== undefined) return topic
    throw adapterError('UNKNOWN_TOPIC', `topic "${name}" does not exist at memory broker "${this.name}"`, {
      scope: 'topic',
    })
  }

  createTopic(name: string, keyed: boolean, partitions: number | undefined): Topic {
    const { limits, log, pump } = this
    const count = partitions ?? this.partitionsFor(keyed)
    const topic = new Topic({ name, keyed, partitions: count, log, limits, time: this, pump, watch: this.watch })
    this.topics.set(name, topic)
    return topic
  }

  partitionsFor(keyed: boolean): number {
    return keyed ? this.limits.partitions : this.limits.unkeyedPartitions
  }

  group(ref: GroupRef): Group | undefined {
    return this.topics.get(ref.topic)?.groups.get(ref.group)
  }

  /** @throws AdapterError UNKNOWN_TOPIC */
  existingGroup(ref: GroupRef): Group {
    const group = this.topic(ref.topic).groups.get(ref.group)
    if (group !== undefined) return group
    const text = `group "${ref.group}" of topic "${ref.topic}" does not exist at memory broker "${this.name}"`
    throw adapterError('UNKNOWN_TOPIC', text, { scope: 'group' })
  }
}
