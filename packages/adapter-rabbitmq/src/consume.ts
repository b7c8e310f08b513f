import {
  type AdapterContext,
  type AdapterError,
  adapterError,
  type Cancel,
  type Claim,
  type Consumer,
  createTimerHeap,
  exponentialBackoff,
  type Inbound,
  type TimerHeap,
  within,
} from '@sluice/core/spi'
import type { ConsumerClaim } from './claim.js'
import { ClaimedQueue } from './claimed-queue.js'
import type { Delivery } from './delivery.js'
import type { ConsumedQueue } from './forgotten-consumers.js'
import type { Link, Session } from './link.js'
import type { Membership, Seat } from './membership.js'
import { GroupMending, type GroupMendingOptions } from './group-mending.js'

/** The queues of a group, as they are at the broker. */
export interface GroupQueues {
  /** Among the processes of the group, each of which consumes what it owns; else everybody consumes the one queue. */
  readonly shared: boolean
  readonly partitions: number
  queue(partition: number): string
}

/** Starts of suspects, kept at the broker. */
export interface StartsOfGroup {
  /** Sets `starts` of each. */
  recall(deliveries: readonly Delivery[]): Promise<void>
  record(delivery: Delivery, starts: number): Promise<void>
}

export interface ConsumerOptions extends GroupMendingOptions {
  readonly context: AdapterContext
  readonly link: Link
  readonly membership: Membership
  readonly membershipKey: string
  readonly queues: GroupQueues
  readonly starts: StartsOfGroup
  readonly holdMs: number
  readonly closed: (consumer: GroupConsumer) => void
}

/** One partition that this process owns. */
interface Owned {
  readonly partition: number
  queue: ClaimedQueue | undefined
  cancelRetry: Cancel | undefined
  failures: number
  /** Its messages went back; it is consumed again after the pause. */
  aside: boolean
  /** Being let go. */
  leaving: boolean
}

/** The share of the hold limit after which what waits in a paused consumer goes back to its queue. */
const holdShare = 0.6
/**
 * So long a queue that was deleted is there again before it is consumed: a consumer of a quorum queue that is just being made ends its
 * whole connection, with every claim (RabbitMQ 3.10, INTERNAL_ERROR). Who makes it by Sluice is waited for; of anybody else AMQP does not
 * tell when it is through.
 */
const FRESH_QUEUE_MS = 250
const retryBackoff = exponentialBackoff({ fromMs: 100, toMs: 5_000 })

/** Consumes the queues of one group: all of an unpartitioned group, else those that the membership gives to this process. */
export class GroupConsumer implements Consumer {
  readonly #options: ConsumerOptions
  readonly #timers: TimerHeap
  readonly #mending: GroupMending
  readonly #owned = new Map<number, Owned>()
  readonly #byClaim = new Map<Claim, Owned>()
  /** Of claims that ended in this turn: told together. */
  #lostNow: { readonly claim: ConsumerClaim; readonly cause: AdapterError }[] = []
  readonly #seat: Seat | undefined
  readonly #unlisten: () => void
  #epoch = 0
  #paused = false
  #stopped = false
  #closing: Promise<void> | undefined

  constructor(options: ConsumerOptions) {
    const { context, link, membership, membershipKey, queues } = options
    this.#options = options
    this.#timers = createTimerHeap(context.clock)
    this.#mending = new GroupMending(options, this.#timers)
    this.#unlisten = link.listen({ up: (session) => this.#up(session), down: () => this.#down() })
    if (queues.shared) {
      this.#seat = membership.join(membershipKey, queues.partitions, {
        take: (partition) => this.#take(partition),
        release: (partition) => this.#release(partition),
      })
    }
  }

  /** Those whose queue this process consumes. */
  get partitions(): readonly number[] {
    return [...this.#owned.values()].filter(({ queue }) => queue?.claim !== undefined).map(({ partition }) => partition)
  }

  get consumed(): readonly ConsumedQueue[] {
    return [...this.#owned.values()].flatMap(({ queue }) => queue ?? [])
  }

  /** The exchange was deleted, so nothing reaches the queues any more. */
  unbound(): void {
    const { topic } = this.#options.request.group
    const cause = adapterError('UNKNOWN_TOPIC', `the exchange of topic "${topic}" was deleted`, { scope: 'topic' })
    void this.#mending.begin(cause, (group) => {
      return `the exchange of ${topic} was deleted at the broker, and declared again: what was published meanwhile has not reached ${group}`
    })
  }

  get unstored(): number {
    return this.#sum((queue) => queue.unstored)
  }

  get buffered(): { readonly messages: number; readonly bytes: number } {
    return {
      messages: this.#sum((queue) => queue.buffered.messages),
      bytes: this.#sum((queue) => queue.buffered.bytes),
    }
  }

  done(inbound: Inbound): void {
    const delivery = inbound as Delivery
    delivery.settler.done(delivery.handle)
    // What is not on record is not touched: nearly every message.
    if (delivery.starts > 0) void this.#options.starts.record(delivery, 0).catch(() => undefined)
  }

  giveBack(inbound: Inbound): void {
    const delivery = inbound as Delivery
    delivery.settler.giveBack(delivery.handle, delivery.tag)
  }

  async rewind(claim: Claim): Promise<void> {
    const owned = this.#byClaim.get(claim)
    if (owned?.queue?.claim !== claim) return
    const { queue } = owned
    owned.queue = undefined
    this.#byClaim.delete(claim)
    owned.aside = this.#paused
    await queue.release()
    this.#open(owned)
  }

  async recordStart(inbound: Inbound, starts: number): Promise<void> {
    const delivery = inbound as Delivery
    await this.#options.starts.record(delivery, starts)
    delivery.starts = starts
  }

  pause(): void {
    this.#paused = true
    for (const { queue } of this.#owned.values()) queue?.hold(true)
    this.#watchHeld()
  }

  resume(): void {
    this.#paused = false
    for (const owned of this.#owned.values()) {
      owned.aside = false
      if (owned.queue === undefined) this.#open(owned)
      else owned.queue.hold(this.#stopped)
    }
  }

  async stored(signal: AbortSignal): Promise<void> {
    const queues = [...this.#owned.values()].flatMap(({ queue }) => queue ?? [])
    await within(Promise.all(queues.map((queue) => queue.stored())), signal)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#owned.values()].flatMap(({ queue }) => queue?.stop() ?? []))
  }

  close(signal: AbortSignal): Promise<void> {
    this.#closing ??= this.#leave(signal)
    return this.#closing
  }

  // ------------------------------------------------------------------------------------------------ owning

  #up(session: Session): void {
    if (this.#options.queues.shared) return
    if (!this.#owned.has(0)) this.#take(0)
    else for (const owned of this.#owned.values()) if (owned.queue === undefined) this.#open(owned, session)
  }

  /** Claims have been told as lost by their channels; what the membership gave is gone with the session. */
  #down(): void {
    for (const owned of this.#owned.values()) {
      owned.cancelRetry?.()
      owned.queue = undefined
    }
    if (this.#options.queues.shared) this.#owned.clear()
  }

  #take(partition: number): void {
    const owned: Owned = {
      partition,
      queue: undefined,
      cancelRetry: undefined,
      failures: 0,
      aside: false,
      leaving: false,
    }
    this.#owned.set(partition, owned)
    this.#open(owned)
  }

  #open(owned: Owned, session: Session | undefined = this.#options.link.session): void {
    const { context, queues, request, holdMs, starts, sink } = this.#options
    const { partition } = owned
    const wanted = this.#owned.get(partition) === owned && !owned.leaving && !owned.aside && !this.#stopped
    if (!wanted || session === undefined || owned.queue !== undefined) return
    const queue = new ClaimedQueue(
      {
        clock: context.clock,
        queue: queues.queue(partition),
        partition,
        exclusive: queues.shared,
        window: Math.min(request.window.messages, 65_535),
        holdMs,
        nextEpoch: () => (this.#epoch += 1),
        startsOf: (deliveries) => starts.recall(deliveries),
      },
      {
        claimed: (claim) => {
          owned.failures = 0
          this.#byClaim.set(claim, owned)
          sink.claimed(claim)
        },
        deliver: (claim, deliveries) => sink.deliver(claim, deliveries),
        broken: (claim, cause) => this.#broken(owned, queue, claim, cause),
      },
      session,
      this.#paused,
    )
    owned.queue = queue
  }

  #broken(owned: Owned, queue: ClaimedQueue, claim: ConsumerClaim | undefined, cause: AdapterError): void {
    if (claim !== undefined) this.#tellLost(claim, cause)
    if (owned.queue !== queue) return
    owned.queue = undefined
    owned.failures += 1
    const pauseMs = retryBackoff(owned.failures)
    if (cause.code !== 'UNKNOWN_TOPIC') this.#openIn(owned, pauseMs)
    else {
      const mended = this.#mending.begin(cause, queueDeleted)
      void mended.then(() => this.#openIn(owned, Math.max(pauseMs, FRESH_QUEUE_MS)))
    }
  }

  #openIn(owned: Owned, ms: number): void {
    if (this.#stopped) return
    owned.cancelRetry?.()
    owned.cancelRetry = this.#timers.after(ms, () => this.#open(owned))
  }

  /** All that end in one go are told in one call: to lose one must not let a neighbour start that is lost as well. */
  #tellLost(claim: ConsumerClaim, cause: AdapterError): void {
    this.#byClaim.delete(claim)
    if (this.#lostNow.push({ claim, cause }) > 1) return
    queueMicrotask(() => {
      const lost = this.#lostNow
      this.#lostNow = []
      const [first] = lost
      if (first !== undefined) {
        this.#options.sink.lost(
          lost.map((one) => one.claim),
          first.cause,
        )
      }
    })
  }

  // ------------------------------------------------------------------------------------------------ letting go

  /** A planned hand-over. */
  async #release(partition: number): Promise<void> {
    const owned = this.#owned.get(partition)
    if (owned === undefined) return
    owned.leaving = true
    owned.cancelRetry?.()
    const { queue } = owned
    const claim = queue?.claim
    queue?.hold(true)
    if (claim !== undefined && this.#closing === undefined) {
      await this.#options.sink.revoking([claim], this.#options.request.drainMs)
      this.#byClaim.delete(claim)
    }
    await queue?.release()
    if (this.#owned.get(partition) === owned) this.#owned.delete(partition)
  }

  async #leave(signal: AbortSignal): Promise<void> {
    this.#stopped = true
    this.#mending.stop()
    this.#unlisten()
    for (const { cancelRetry } of this.#owned.values()) cancelRetry?.()
    this.#timers.clear()
    const gone = this.#seat === undefined ? this.#release(0) : this.#seat.leave()
    try {
      await within(gone, signal)
    } finally {
      this.#byClaim.clear()
      this.#options.closed(this)
    }
  }

  // ------------------------------------------------------------------------------------------------ troubles

  /** What waits here while the subscription pauses may not grow older than the broker bears. */
  #watchHeld(): void {
    const limitMs = this.#options.holdMs * holdShare
    if (!this.#paused || limitMs === Infinity || this.#closing !== undefined) return
    const nowMs = this.#options.context.clock.monotonic()
    let nextMs = limitMs
    for (const owned of this.#owned.values()) {
      const { queue } = owned
      const since = queue?.bufferedSinceMs
      if (queue === undefined || since === undefined) continue
      // What was handed over is older, and core lets go of it by itself.
      if (nowMs - since >= limitMs && queue.open === 0) void this.#putAside(owned, queue)
      else nextMs = Math.max(50, Math.min(nextMs, since + limitMs - nowMs))
    }
    this.#timers.after(nextMs, () => this.#watchHeld())
  }

  /** Its messages go back; the partition stays ours, and is consumed again after the pause. */
  async #putAside(owned: Owned, queue: ClaimedQueue): Promise<void> {
    const { claim } = queue
    if (claim !== undefined) {
      await this.#options.sink.revoking([claim], 0)
      this.#byClaim.delete(claim)
    }
    owned.aside = this.#paused
    await queue.release()
    if (owned.queue === queue) owned.queue = undefined
    this.#open(owned)
  }

  #sum(of: (queue: ClaimedQueue) => number): number {
    let sum = 0
    for (const { queue } of this.#owned.values()) if (queue !== undefined) sum += of(queue)
    return sum
  }
}

const queueDeleted = (group: string): string =>
  `the queue of ${group} was deleted at the broker with everything in it, and declared again`
