import {
  adapterError,
  type AdapterContext,
  type AdapterError,
  type Consumer,
  type ConsumeRequest,
  type ConsumeSink,
  type Inbound,
  type TimerHeap,
} from '@sluice/core/spi'
import { assign } from './assign.js'
import type { PartitionClaim } from './claim.js'
import { closedError } from './closed-error.js'
import { Delivery } from './delivery.js'
import { toAdapterError } from './errors.js'
import type { FamilyView } from './family.js'
import { Feed } from './feed.js'
import { Holdings } from './holdings.js'
import { groupIdOf } from './names.js'
import { Settler } from './settle.js'
import { fixStart, untilFixed, type StartOptions } from './start-positions.js'
import { within } from './within.js'
import type { KafkaError } from './wire/kafka-error.js'
import type { GroupMember, KafkaCluster } from './wire/port.js'

export interface GroupConsumerOptions {
  readonly cluster: KafkaCluster
  readonly context: AdapterContext
  readonly timers: TimerHeap
  readonly request: ConsumeRequest
  readonly sink: ConsumeSink
  readonly view: FamilyView
  readonly sessionMs: number
  readonly closed: (consumer: GroupConsumer) => void
}

/** One consumption of a group: a member of it, what the member holds, and how far it has got. */
export class GroupConsumer implements Consumer {
  readonly #options: GroupConsumerOptions
  readonly #member: GroupMember
  readonly #settler: Settler
  readonly #feed: Feed
  readonly #holdings: Holdings
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
    })
    this.#feed = new Feed({ cluster, clock, request, sink, settler: this.#settler })
    const { settler, feed } = { settler: this.#settler, feed: this.#feed }
    const member = (): GroupMember => this.#member
    this.#holdings = new Holdings({ request, sink, timers, log, settler, feed, member, opened })
    const { family } = view
    const groupId = groupIdOf(request.group)
    const start: StartOptions = { cluster, timers, groupId, family, from: request.from }
    this.#member = cluster.join(
      {
        ...{ group: groupId, topics: [family.source, ...family.besides], sessionMs, rebalanceMs: sessionMs },
        assign: (members, count) => assign(family, members, count),
      },
      {
        assigned: (partitions) => this.#holdings.assigned(partitions),
        revoking: (partitions) => this.#holdings.revoking(partitions),
        lost: (partitions, cause) => this.#holdings.lost(partitions, cause),
        leading: (generation) => void fixStart(start, this.#member, generation),
        failed: (cause) => this.#fail(cause),
      },
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

  /** Names of the topics that it reads, with that of the application first. */
  get topics(): readonly string[] {
    const { source, besides } = this.#options.view.family
    return [source, ...besides]
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
    // Starts and failures of what was given back, too.
    if (!signal.aborted) await within(this.#settler.stored(), signal).catch(() => undefined)
    this.#settler.close()
    this.#feed.close()
    this.#options.closed(this)
    const leaving = this.#member.leave()
    await within(leaving, signal).catch(() => undefined)
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
