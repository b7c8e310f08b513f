import { type AdapterError, adapterError, type Clock, within } from '@sluice/core/spi'
import { ConsumerClaim } from './claim.js'
import { Delivery } from './delivery.js'
import { toAdapterError } from './errors.js'
import type { ConsumedQueue } from './forgotten-consumers.js'
import type { Session } from './link.js'
import { Settler } from './settle.js'
import type { WireChannel, WireDelivery } from './wire/port.js'
import type { WireError } from './wire/wire-error.js'

/** From this many hand-overs on a message may be suspected of ending its process: its recorded starts are looked up first. */
const SUSPECT_HANDOVERS = 3

export interface ClaimedQueueOptions {
  readonly clock: Clock
  readonly queue: string
  readonly partition: number
  readonly exclusive: boolean
  /** Most that the broker may hand over and is not settled. */
  readonly window: number
  readonly holdMs: number
  readonly nextEpoch: () => number
  /** Recorded starts of the group, by identity. Rejects when the broker cannot be asked. */
  readonly startsOf: (deliveries: readonly Delivery[]) => Promise<void>
}

/** What happens to a queue that is consumed. None is called in the call stack of a method. */
export interface ClaimedQueueEvents {
  claimed(claim: ConsumerClaim): void
  deliver(claim: ConsumerClaim, deliveries: readonly Delivery[]): void
  /** The channel has ended, or could not be opened; `claim` is set when it had been told. */
  broken(claim: ConsumerClaim | undefined, cause: AdapterError): void
}

/** A queue without a majority answers nothing; its acknowledgements are repeated then. */
const APPLY_MS = 5_000

type Phase = 'opening' | 'open' | 'ended'

/** Consumes one queue on a channel of its own. With the channel everything ends: a new one is another claim. */
export class ClaimedQueue implements ConsumedQueue {
  readonly #options: ClaimedQueueOptions
  readonly #events: ClaimedQueueEvents
  readonly #session: Session
  readonly #opened: Promise<void>
  #phase: Phase = 'opening'
  #channel: WireChannel | undefined
  #settler: Settler | undefined
  #claim: ConsumerClaim | undefined
  #arrived: WireDelivery[] = []
  #arrivedBytes = 0
  #arrivals = 0
  #arrivedAtMs = 0
  #handOverDue = false
  #held = false
  #looking = false
  #releasing = false
  #stopped = false
  #consumerTag: string | undefined

  constructor(options: ClaimedQueueOptions, events: ClaimedQueueEvents, session: Session, held: boolean) {
    this.#options = options
    this.#events = events
    this.#session = session
    this.#held = held
    this.#opened = this.#open()
  }

  get claim(): ConsumerClaim | undefined {
    return this.#phase === 'ended' ? undefined : this.#claim
  }

  get queue(): string {
    return this.#options.queue
  }

  /** Everything that has ever come. */
  get arrivals(): number | undefined {
    return this.#phase === 'open' && !this.#releasing && !this.#stopped ? this.#arrivals : undefined
  }

  forgotten(): void {
    const text = `the broker has lost the consumer of queue "${this.#options.queue}"`
    this.#fail(adapterError('DISCONNECTED', text, { scope: 'group', retryable: true }))
  }

  get unstored(): number {
    return this.#settler?.unstored ?? 0
  }

  /** Came from the broker and was not handed over. */
  get buffered(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#arrived.length, bytes: this.#arrivedBytes }
  }

  /** Since when the oldest of those waits, on the monotonic clock; `undefined` when nothing waits. */
  get bufferedSinceMs(): number | undefined {
    return this.#arrived.length === 0 ? undefined : this.#arrivedAtMs
  }

  /** Handed over, and neither done nor given back. */
  get open(): number {
    return this.#settler?.open ?? 0
  }

  /** While held, what comes stays here. */
  hold(held: boolean): void {
    this.#held = held
    if (!held) this.#handOverSoon()
  }

  /**
   * Hands over nothing more. From a queue that others consume as well, what comes goes back at once: it would wait here as long as a handler
   * runs. One that is ours alone keeps it, because nobody could have it before the channel ends, and giving it back singly would break its order.
   */
  async stop(): Promise<void> {
    this.#held = true
    if (this.#options.exclusive || this.#stopped) return
    this.#stopped = true
    if (this.#phase === 'opening') await this.#opened
    this.#returnArrived()
    if (this.#consumerTag === undefined || this.#channel?.isOpen !== true) return
    await this.#channel.cancel(this.#consumerTag).catch(() => undefined)
    this.#returnArrived()
  }

  /** Everything done was sent, and the channel has handled it. Rejects when that is not known. */
  async stored(): Promise<void> {
    if (this.#phase !== 'open' || this.#channel === undefined) return
    await this.#settler?.flushed()
    if (this.#ended) throw lostError('the channel ended before all was stored')
    try {
      await this.#channel.sync()
    } catch (error) {
      throw toAdapterError(error)
    }
  }

  /**
   * Lets go: what is done is stored, everything else goes back in order. Nothing is told any more. Closing the channel, not cancelling the
   * consumer first: that would hand the queue to the next one while some is still open here.
   */
  async release(): Promise<void> {
    this.#releasing = true
    if (this.#phase === 'opening') await this.#opened
    if (this.#phase === 'ended' || this.#channel === undefined) return
    const channel = this.#channel
    this.#held = true
    await this.#settler?.flushed()
    if (channel.isOpen) await within(this.#applied(channel), AbortSignal.timeout(APPLY_MS)).catch(() => undefined)
    this.#end()
    await channel.close()
  }

  /**
   * Resolves when the queue has applied every acknowledgement. A quorum queue leaves those beyond the first 32 that it has yet to apply with the
   * channel, and a channel that is closed forgets them. A request that the queue itself has to log is answered behind what it had got before,
   * and by then the channel passes the others on.
   */
  async #applied(channel: WireChannel): Promise<void> {
    const { queue, exclusive } = this.#options
    const ignored = { delivered: () => undefined, cancelled: () => undefined }
    if (exclusive) await channel.cancel(await channel.consume(queue, { noAck: false }, ignored))
    else {
      // Of a queue that others consume as well, a second consumer would be given a whole window.
      const message = await channel.get(queue)
      if (message !== undefined) channel.reject(message.tag, true)
    }
    await channel.sync()
  }

  async #open(): Promise<void> {
    const { queue, window } = this.#options
    try {
      const channel = await this.#session.connection.openChannel({ closed: (reason) => this.#closed(reason) })
      this.#channel = channel
      this.#settler = new Settler(this.#options.clock, channel)
      await channel.prefetch(window)
      this.#consumerTag = await channel.consume(
        queue,
        { noAck: false },
        { delivered: (delivery) => this.#delivered(delivery), cancelled: () => this.#cancelled() },
      )
    } catch (error) {
      this.#fail(toAdapterError(error))
      return
    }
    if (this.#ended || this.#releasing || !this.#session.isLive) return
    const { partition, exclusive, holdMs, nextEpoch } = this.#options
    this.#phase = 'open'
    this.#claim = new ConsumerClaim(this.#session, partition, nextEpoch(), exclusive, holdMs)
    this.#events.claimed(this.#claim)
    this.#handOverSoon()
  }

  get #ended(): boolean {
    return this.#phase === 'ended'
  }

  #delivered(delivery: WireDelivery): void {
    if (this.#ended) return
    if (this.#arrived.length === 0) this.#arrivedAtMs = Math.floor(this.#options.clock.monotonic())
    this.#arrived.push(delivery)
    this.#arrivedBytes += delivery.content.length
    this.#arrivals += 1
    if (this.#stopped) this.#returnArrived()
    else this.#handOverSoon()
  }

  #returnArrived(): void {
    const arrived = this.#arrived
    this.#arrived = []
    this.#arrivedBytes = 0
    for (const { tag } of arrived) this.#settler?.giveBackUnadded(tag)
  }

  /** What one read of the socket has brought goes to core in one call. */
  #handOverSoon(): void {
    if (this.#handOverDue || this.#arrived.length === 0) return
    this.#handOverDue = true
    queueMicrotask(() => {
      this.#handOverDue = false
      this.#handOver()
    })
  }

  #handOver(): void {
    const claim = this.#claim
    const settler = this.#settler
    if (this.#phase !== 'open' || this.#held || this.#looking || claim === undefined || settler === undefined) return
    const arrived = this.#arrived
    if (arrived.length === 0) return
    this.#arrived = []
    this.#arrivedBytes = 0
    const nowMs = Math.floor(this.#options.clock.monotonic())
    let suspects: Delivery[] | undefined
    const deliveries: Delivery[] = new Array<Delivery>(arrived.length)
    for (let index = 0; index < arrived.length; index += 1) {
      const wire = arrived[index] as WireDelivery
      const delivery = new Delivery(claim, settler, settler.add(wire.tag, nowMs), wire)
      if (delivery.handovers >= SUSPECT_HANDOVERS) (suspects ??= []).push(delivery)
      deliveries[index] = delivery
    }
    if (suspects === undefined) this.#events.deliver(claim, deliveries)
    else void this.#lookUp(claim, deliveries, suspects)
  }

  /** In order: what comes meanwhile waits behind. */
  async #lookUp(claim: ConsumerClaim, deliveries: readonly Delivery[], suspects: readonly Delivery[]): Promise<void> {
    this.#looking = true
    try {
      await this.#options.startsOf(suspects)
    } catch (error) {
      // Without them a message could end one process after the other: the queue is begun anew, until they can be read.
      this.#fail(toAdapterError(error))
      return
    } finally {
      this.#looking = false
    }
    if (this.#ended) return
    this.#events.deliver(claim, deliveries)
    this.#handOverSoon()
  }

  #cancelled(): void {
    const text = `the broker has cancelled the consumer of queue "${this.#options.queue}": it was deleted, or its node is away`
    this.#fail(adapterError('UNKNOWN_TOPIC', text, { scope: 'group', retryable: true }))
  }

  #closed(reason: WireError): void {
    if (this.#ended) return
    const claim = this.#claim
    this.#end()
    this.#events.broken(claim, toAdapterError(reason))
  }

  #fail(cause: AdapterError): void {
    if (this.#ended) return
    const claim = this.#claim
    const channel = this.#channel
    this.#end()
    void channel?.close()
    queueMicrotask(() => this.#events.broken(claim, cause))
  }

  #end(): void {
    this.#phase = 'ended'
    this.#arrived = []
    this.#arrivedBytes = 0
    this.#settler?.end()
  }
}

const lostError = (text: string): Error & AdapterError => adapterError('DISCONNECTED', text, { retryable: true })
