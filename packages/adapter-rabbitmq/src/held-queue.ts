import { type AdapterError, adapterError, type Clock, sleep, within } from '@sluice/core/spi'
import { toAdapterError } from './errors.js'
import type { Session } from './link.js'
import type { WireChannel, WireDelivery } from './wire/port.js'

export interface HeldQueueOptions {
  readonly session: Session
  readonly clock: Clock
  readonly queue: string
  /** In the order of the queue. */
  readonly delivered: (delivery: WireDelivery) => void
}

/** The most that AMQP lets a consumer hold. */
const mostHeld = 65_535
/** A quorum queue forgets single acknowledgements of a closing channel when more than 32 are on their way. */
const MOST_SINGLES = 16
/** What was counted and does not come for so long was taken away by somebody. */
const QUIET_MS = 1_000
/** How long to wait until what somebody has held is in the queue again. */
const RETURN_MS = 2_000

type Failure = Error & AdapterError
const never = new AbortController().signal

/**
 * All messages of a queue at once, handed over and not settled: to look at them without taking them away.
 *
 * All of them, because a quorum queue puts what comes back behind what came back before: a reader of the first 10 of 100 that another one
 * has looked at would leave them behind the other 90. By one consumer, because those of a channel that ends come back one consumer after
 * the other, in no order, and a single `get` is a consumer of its own.
 *
 * Nobody else may consume the queue meanwhile. It ends with its channel: nothing is lost then, all of it goes back in order.
 */
export class HeldQueue {
  readonly #options: HeldQueueOptions
  /** Tags that are not settled, in their order. */
  readonly #open = new Set<number>()
  readonly #wakers = new Set<() => void>()
  #channel: WireChannel | undefined
  #arrived = 0
  #expected = 0
  #end: Failure | undefined

  private constructor(options: HeldQueueOptions) {
    this.#options = options
  }

  /** @throws AdapterError as a rejection: UNKNOWN_TOPIC when there is no such queue, DISCONNECTED, TIMEOUT */
  static async open(options: HeldQueueOptions, signal: AbortSignal): Promise<HeldQueue> {
    const held = new HeldQueue(options)
    try {
      await within(held.#begin(), signal)
    } catch (error) {
      void held.release(signal)
      throw toAdapterError(error, { scope: 'group' })
    }
    return held
  }

  get isOpen(): boolean {
    return this.#end === undefined
  }

  get arrived(): number {
    return this.#arrived
  }

  /** Whether more than `count` have come; false when there is nothing more, or no more can be held. */
  async hasMoreThan(count: number, signal: AbortSignal): Promise<boolean> {
    while (this.#arrived <= count) {
      if (this.#arrived < this.#expected) {
        const before = this.#arrived
        await this.#arrival(QUIET_MS, signal)
        if (this.#arrived === before) this.#expected = before
      } else {
        const waiting = await this.#waiting(signal)
        if (this.#arrived > count) break
        if (waiting === 0 || this.#open.size >= mostHeld) return false
        await this.#arrival(50, signal)
      }
    }
    return true
  }

  /** Resolves when everything has come that was in the queue when it was opened, or does not come. */
  async all(signal: AbortSignal): Promise<void> {
    await this.hasMoreThan(this.#expected - 1, signal)
  }

  /** Resolves when these are gone for good. Rejects when that is not known. */
  async acknowledge(tags: readonly number[], signal: AbortSignal): Promise<void> {
    const rest = new Set(tags.filter((tag) => this.#open.has(tag)))
    let prefix = 0
    for (const tag of this.#open) {
      if (!rest.has(tag)) break
      prefix = tag
    }
    if (prefix > 0) await this.#settle([prefix], true, signal)
    const singles = [...rest].filter((tag) => tag > prefix).sort((a, b) => a - b)
    for (let from = 0; from < singles.length; from += MOST_SINGLES) {
      await this.#settle(singles.slice(from, from + MOST_SINGLES), false, signal)
    }
  }

  /** Everything goes back. Resolves when it is there again, or does not come within a while. Never rejects. */
  async release(signal: AbortSignal): Promise<void> {
    const back = this.#end === undefined ? this.#open.size : 0
    this.#finish(adapterError('CLOSED', 'let go'))
    try {
      await within(this.#channel?.close() ?? Promise.resolve(), signal)
      if (back > 0) await this.#returned(signal)
    } catch {
      // The connection ends, or is silent: what is held goes back with it.
    }
  }

  async #begin(): Promise<void> {
    const { session, queue } = this.#options
    const channel = await session.connection.openChannel({
      closed: (reason) => this.#finish(toAdapterError(reason, { scope: 'group' })),
    })
    this.#channel = channel
    if (this.#end !== undefined) return channel.close()
    const messages = await this.#unconsumed(channel)
    this.#expected = Math.min(messages, mostHeld)
    await channel.prefetch(mostHeld)
    await channel.consume(
      queue,
      { noAck: false },
      {
        delivered: (delivery) => this.#delivered(delivery),
        cancelled: () => {
          const text = `the broker has cancelled the consumer of queue "${queue}": it was deleted, or its node is away`
          this.#finish(adapterError('DISCONNECTED', text, { scope: 'group', retryable: true }))
          void channel.close()
        },
      },
    )
  }

  #delivered(delivery: WireDelivery): void {
    if (this.#end !== undefined) return
    this.#arrived += 1
    this.#open.add(delivery.tag)
    this.#options.delivered(delivery)
    this.#wake()
  }

  /** How many are in the queue and not on their way here. */
  async #waiting(signal: AbortSignal): Promise<number> {
    const { messages } = await this.#ask((channel) => channel.checkQueue(this.#options.queue), signal)
    await this.#ask((channel) => channel.sync(), signal)
    return messages
  }

  async #settle(tags: readonly number[], multiple: boolean, signal: AbortSignal): Promise<void> {
    for (const tag of tags) this.#channel?.ack(tag, multiple)
    await this.#stored(signal)
    const last = tags.at(-1) ?? 0
    if (!multiple) for (const tag of tags) this.#open.delete(tag)
    else
      for (const tag of this.#open) {
        if (tag > last) break
        this.#open.delete(tag)
      }
  }

  /**
   * A channel answers before its acknowledgements have reached the queue, and the broker confirms none of them. To get a message goes the
   * same way as they and comes back when the queue has stored it, so they are stored then as well. There is nothing to get, because all is
   * handed over; a message that comes at this moment goes back to where it was.
   */
  async #stored(signal: AbortSignal): Promise<void> {
    const { queue } = this.#options
    const message = await this.#ask((channel) => channel.get(queue), signal)
    if (message === undefined) return
    this.#channel?.reject(message.tag, true)
    await this.#ask((channel) => channel.sync(), signal)
  }

  async #returned(signal: AbortSignal): Promise<void> {
    const { session } = this.#options
    if (!session.isLive) return
    const channel = await within(session.connection.openChannel({ closed: () => undefined }), signal)
    try {
      await within(this.#unconsumed(channel), signal)
    } finally {
      void channel.close()
    }
  }

  /**
   * How many messages the queue has when nobody holds any. Somebody's channel or process may just have ended: the broker learns of that a
   * little later than of anything else, and puts back in one step what the last consumer has held.
   */
  async #unconsumed(channel: WireChannel): Promise<number> {
    const { clock, queue } = this.#options
    const untilMs = clock.monotonic() + RETURN_MS
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
      const { messages, consumers } = await channel.checkQueue(queue)
      if (consumers === 0 || clock.monotonic() >= untilMs) return messages
      await sleep(clock, pauseMs, never)
    }
  }

  async #ask<T>(question: (channel: WireChannel) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#end !== undefined || this.#channel === undefined) throw this.#end ?? adapterError('CLOSED', 'let go')
    try {
      return await within(question(this.#channel), signal)
    } catch (error) {
      throw this.#end ?? toAdapterError(error, { scope: 'group' })
    }
  }

  /** The next delivery, the end, or `ms`. */
  async #arrival(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#end !== undefined) throw this.#end
    let wake = (): void => undefined
    const come = new Promise<void>((resolve) => {
      wake = resolve
      this.#wakers.add(wake)
    })
    const over = new AbortController()
    try {
      await within(Promise.race([come, sleep(this.#options.clock, ms, over.signal)]), signal)
    } finally {
      over.abort()
      this.#wakers.delete(wake)
    }
    if (this.#end !== undefined) throw this.#end as Failure
  }

  #finish(reason: Failure): void {
    this.#end ??= reason
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#wakers) wake()
    this.#wakers.clear()
  }
}
