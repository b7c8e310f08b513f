import {
  type AdapterContext,
  type AdapterError,
  adapterError,
  type Consumer,
  type ConsumeRequest,
  type ConsumeSink,
  type Inbound,
  type TimerHeap,
  within,
} from '@sluice/core/spi'
import { assign, topicsOf, type TopicFamily } from './assign.js'
import type { BrokerTime } from './broker-time.js'
import type { PartitionClaim } from './claim.js'
import { closedError } from './closed-error.js'
import { Delays } from './delays.js'
import { Delivery } from './delivery.js'
import { toAdapterError } from './errors.js'
import type { FamilyView } from './family.js'
import { Feed } from './feed.js'
import { Holdings } from './holdings.js'
import { groupIdOf } from './names.js'
import { unreadable } from './reading-errors.js'
import type { Sender } from './send.js'
import { Settler } from './settle.js'
import { Sweeper } from './sweeper.js'
import { fixStart, untilFixed, type StartOptions } from './start-positions.js'
import type { KafkaError } from './wire/kafka-error.js'
import type { FetchEvents, Fetching, GroupMember, KafkaCluster, MemberEvents, TopicPartition } from './wire/port.js'

export interface GroupConsumerOptions {
  readonly cluster: KafkaCluster
  readonly context: AdapterContext
  readonly timers: TimerHeap
  readonly request: ConsumeRequest
  readonly sink: ConsumeSink
  readonly view: FamilyView
  readonly sender: Sender
  readonly time: BrokerTime
  readonly sessionMs: number
  readonly closed: (consumer: GroupConsumer) => void
}

/** Members that are alive have asked anew by then, also when the one before them has ended without a word. */
const REBALANCE_GRACE_MS = 5_000

const limits = { maxWaitMs: 500, maxBytes: 16 * 1024 * 1024, maxPartitionBytes: 1024 * 1024 }

/** One consumption of a group: a member of it, what the member holds, and how far it has got. */
export class GroupConsumer implements Consumer {
  readonly #options: GroupConsumerOptions
  readonly #member: GroupMember
  readonly #settler: Settler
  /** Topics of which the partitions are no part of those of the source. */
  readonly #apart: ReadonlySet<string>
  readonly #fetching: Fetching
  readonly #feed: Feed
  readonly #holdings: Holdings
  readonly #delays: Delays
  readonly #sweeper: Sweeper
  readonly #failed = new AbortController()
  #open: () => void = () => undefined
  #closing: Promise<void> | undefined

  /**
   * Resolves when every partition has a position, and core can be told of claims.
   * @throws AdapterError
   */
  static async start(options: GroupConsumerOptions, signal: AbortSignal): Promise<GroupConsumer> {
    const consumer = new GroupConsumer(options)
    const { cluster, timers, request, view } = options
    const ended = AbortSignal.any([signal, consumer.#failed.signal])
    try {
      await untilFixed({ cluster, timers, groupId: groupIdOf(request.group) }, view.partitions, ended)
    } catch (error) {
      await consumer.close(AbortSignal.abort())
      const { aborted, reason } = consumer.#failed.signal
      throw toAdapterError(aborted ? reason : error, { scope: 'group' })
    }
    // Behind the answer to whoever has asked for it.
    timers.after(0, () => consumer.#open())
    return consumer
  }

  private constructor(options: GroupConsumerOptions) {
    this.#options = options
    const { cluster, context, timers, request, sink, view, sessionMs } = options
    const { clock, log } = context
    const opened = new Promise<void>((resolve) => {
      this.#open = resolve
    })
    this.#settler = new Settler({
      timers,
      commit: (offsets) => this.#member.commit(offsets),
      stored: () => this.#feed.wakeAll(),
      noted: (offset) => this.#sweeper.passed(offset),
    })
    const { family } = view
    this.#apart = new Set(family.apart)
    const { administration } = cluster
    const own = new Set([...family.besides, ...family.apart])
    this.#sweeper = new Sweeper({ administration, timers, log, topics: own })
    this.#fetching = cluster.fetch(limits, this.#reading())
    const { settler, fetching } = { settler: this.#settler, fetching: this.#fetching }
    this.#feed = new Feed({ cluster, fetching, clock, request, sink, settler })
    const member = (): GroupMember => this.#member
    const feed = this.#feed
    this.#holdings = new Holdings({ request, sink, timers, log, settler, feed, member, opened })
    const { sender, time } = options
    this.#delays = new Delays({
      ...{ cluster, fetching, clock, timers, log, group: request.group, sink, member, settler, sender, time },
    })
    this.#member = cluster.join(
      {
        ...{
          group: groupIdOf(request.group),
          topics: topicsOf(family),
          sessionMs,
          rebalanceMs: sessionMs + REBALANCE_GRACE_MS,
        },
        assign: (members, count) => assign(view.whole, members, count),
      },
      this.#membership(),
    )
  }

  get unstored(): number {
    return this.#settler.unstored
  }

  get buffered(): { readonly messages: number; readonly bytes: number } {
    return this.#feed.buffered
  }

  /** What it reads has more partitions than before. */
  share(): void {
    this.#member.share()
  }

  get family(): TopicFamily {
    return this.#options.view.family
  }

  done(delivery: Inbound): void {
    const own = this.#openOne(delivery)
    if (own === undefined) return
    const { claim, part, handle, offset, bytes } = own
    own.ended = true
    claim.open -= 1
    claim.openBytes -= bytes
    part.done(handle, offset)
    this.#settler.done()
    this.#feed.wake(claim)
  }

  /** Claims are exclusive, and a log cannot take back one message: core rewinds them instead. */
  giveBack(): void {}

  rewind(claim: PartitionClaim): Promise<void> {
    this.#holdings.rewind(claim)
    return Promise.resolve()
  }

  async record(delivery: Inbound, failures: number): Promise<void> {
    const { part, offset } = this.#stillOpen(delivery)
    part.failures.set(offset, failures)
    part.version += 1
    await this.#settler.urge(part)
  }

  async recordStart(delivery: Inbound, starts: number): Promise<void> {
    const { part, offset } = this.#stillOpen(delivery)
    if (starts === 0) part.starts.delete(offset)
    else part.starts.set(offset, starts)
    part.version += 1
    await this.#settler.urge(part)
  }

  pause(): void {
    this.#feed.pause()
  }

  resume(): void {
    this.#feed.resume()
  }

  stored(signal: AbortSignal): Promise<void> {
    return within(this.#settler.stored(), signal)
  }

  stop(): Promise<void> {
    this.#feed.stop()
    this.#holdings.stop()
    return Promise.resolve()
  }

  close(signal: AbortSignal): Promise<void> {
    this.#closing ??= this.#leave(signal)
    return this.#closing
  }

  async #leave(signal: AbortSignal): Promise<void> {
    this.#feed.stop()
    this.#holdings.close()
    await within(this.#delays.stop(), signal).catch(() => undefined)
    // Starts and failures of what was given back, too.
    if (!signal.aborted) await within(this.#settler.stored(), signal).catch(() => undefined)
    this.#delays.close()
    this.#sweeper.close()
    this.#settler.close()
    this.#feed.close()
    this.#fetching.close()
    this.#options.closed(this)
    const leaving = this.#member.leave()
    await within(leaving, signal).catch(() => undefined)
  }

  #membership(): MemberEvents {
    const { cluster, timers, request, view } = this.#options
    const { family, whole } = view
    const groupId = groupIdOf(request.group)
    const start: StartOptions = { cluster, timers, groupId, family, whole, from: request.from }
    const apart = (partitions: readonly TopicPartition[]): readonly TopicPartition[] =>
      partitions.filter(({ topic }) => this.#apart.has(topic))
    const rest = (partitions: readonly TopicPartition[]): readonly TopicPartition[] =>
      partitions.filter(({ topic }) => !this.#apart.has(topic))
    return {
      assigned: (partitions) => {
        this.#holdings.assigned(rest(partitions))
        this.#delays.assigned(apart(partitions))
      },
      revoking: async (partitions) => {
        await Promise.all([this.#holdings.revoking(rest(partitions)), this.#delays.revoking(apart(partitions))])
      },
      lost: (partitions, cause) => {
        this.#holdings.lost(rest(partitions), cause)
        this.#delays.lost(apart(partitions))
      },
      leading: (generation) => void fixStart(start, this.#member, generation),
      failed: (cause) => this.#fail(cause),
    }
  }

  #reading(): FetchEvents {
    const reader = ({ topic }: TopicPartition): Feed | Delays => (this.#apart.has(topic) ? this.#delays : this.#feed)
    const where = ({ topic, partition }: TopicPartition): string =>
      `${groupIdOf(this.#options.request.group)}: ${topic} ${partition}`
    return {
      records: (at, fetched) => reader(at).fetched(at, fetched),
      positionLost: (at, wanted) => void reader(at).positionLost(at, wanted),
      unreadable: (at, offset, cause) => this.#feed.fail(unreadable(where(at), offset, cause)),
      refused: (_, cause) => this.#feed.fail(toAdapterError(cause, { scope: 'topic' })),
    }
  }

  #openOne(delivery: Inbound): Delivery | undefined {
    if (!(delivery instanceof Delivery) || delivery.ended || delivery.claim.state === 'dead') return undefined
    return delivery
  }

  #stillOpen(delivery: Inbound): Delivery {
    const own = this.#openOne(delivery)
    if (own === undefined) throw this.#closing === undefined ? gone() : closedError()
    return own
  }

  #fail(cause: KafkaError): void {
    this.#failed.abort(cause)
    this.#options.sink.failed(toAdapterError(cause, { scope: 'group' }))
  }
}

const gone = (): Error & AdapterError =>
  adapterError('DISCONNECTED', 'the delivery does not belong to this process any more', {
    scope: 'group',
    retryable: true,
  })
