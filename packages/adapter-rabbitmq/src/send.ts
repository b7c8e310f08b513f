import {
  type AdapterContext,
  type AdapterError,
  adapterError,
  createTimerHeap,
  type SendBatch,
  type SendResult,
  type TimerHeap,
  within,
} from '@sluice/core/spi'
import { addressOf, type Naming } from './address.js'
import { ChannelRenewal } from './channel-renewal.js'
import { writeEnvelope } from './envelope.js'
import { wireHeaders } from './envelope-headers.js'
import { toAdapterError } from './errors.js'
import { type Flight, Flights } from './flights.js'
import type { KnownExchanges } from './known-exchanges.js'
import type { Link, Session } from './link.js'
import { OpenBatch } from './open-batch.js'
import { closedError, nacked, notConnected, renewed, tooLate, unroutable } from './send-errors.js'
import { WaitingBatches } from './waiting-batches.js'
import type { WireConfirmChannel, WireMessage, WireProperties, WireReturn } from './wire/port.js'
import type { WireError } from './wire/wire-error.js'

/**
 * Written and not confirmed, over all streams: enough to keep broker and disk busy while the callers whom a confirm has woken make their
 * next messages (with 256 of 4 KiB the broker waits for a sixth of the time), little enough to be repeated.
 */
export const publishWindow: { readonly messages: number; readonly bytes: number } = {
  messages: 1_024,
  bytes: 8 * 1024 * 1024,
}

/** A broker that does not end a channel in this time has more trouble than that. */
const CLOSE_MS = 5_000

const stored: SendResult = Object.freeze({ kind: 'stored' })

export interface SenderOptions extends Naming {
  readonly context: AdapterContext
  readonly link: Link
  readonly exchanges: KnownExchanges
}

/**
 * Publishes batches over one confirm channel, in the order in which they come, and reports each message once. One window bounds what is
 * written and not confirmed, in messages and bytes; what has no room waits here, and is `unwritten` when its time has passed.
 */
export class Sender {
  readonly #options: SenderOptions
  readonly #timers: TimerHeap
  readonly #waiting = new WaitingBatches()
  /** Batches of exchanges that are being asked for. */
  readonly #unknown = new Map<string, OpenBatch[]>()
  /** Of what is out without a mark. */
  readonly #ids = new Set<string>()
  #flights = new Flights()
  #marks = 0
  #channel: WireConfirmChannel | undefined
  readonly #renewal: ChannelRenewal
  #pumping = false
  #closed = false
  readonly #unlisten: () => void

  constructor(options: SenderOptions) {
    this.#options = options
    const { clock } = options.context
    this.#timers = createTimerHeap(clock)
    this.#renewal = new ChannelRenewal(clock, this.#timers, {
      isIdle: () => this.#flights.count === 0,
      renew: () => void this.#renewChannel(),
    })
    this.#unlisten = options.link.listen({
      up: (session) => this.#openChannel(session),
      down: () => undefined,
      blocked: () => this.#pump(),
    })
  }

  send(batch: SendBatch): void {
    const address = addressOf(this.#options, batch.destination, batch.partition)
    const open = new OpenBatch(batch, address ?? nowhere)
    if (this.#closed || this.#options.link.session === undefined) {
      const error = this.#closed ? closedError() : (this.#options.link.trouble ?? notConnected())
      queueMicrotask(() => open.reportUnwritten(error))
      return
    }
    if (address === undefined) {
      queueMicrotask(() => open.reportRest({ kind: 'refused', error: tooLate() }))
      return
    }
    open.cancelTimer = this.#timers.after(batch.timeoutMs, () => this.#expired(open))
    if (this.#options.exchanges.has(open.exchange)) {
      this.#waiting.push(open)
      // Core hands over what has gathered in a tick; what comes in the same one is written in the same one.
      queueMicrotask(this.#pump)
    } else this.#askFor(open)
  }

  /** Nothing is written any more; everything is reported. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unlisten()
    this.#failWritten(closedError())
    this.#failUnwritten(closedError())
    this.#timers.clear()
  }

  /** Publishes without an answer. */
  get pending(): number {
    return this.#flights.count + this.#waiting.count
  }

  // ------------------------------------------------------------------------------------------------ the channel

  async #openChannel(session: Session): Promise<void> {
    if (this.#closed) return
    let channel: WireConfirmChannel | undefined
    const opened = session.connection.openConfirmChannel({
      confirmed: (tag, multiple, ok) => {
        if (this.#channel === channel) this.#confirmed(tag, multiple, ok)
      },
      returned: (message) => {
        if (this.#channel === channel) this.#returned(message)
      },
      closed: (reason) => {
        if (channel !== undefined && this.#channel === channel) this.#channelClosed(session, reason)
      },
    })
    try {
      channel = await opened
    } catch (error) {
      // When the session is gone, the next one begins again.
      if (session.isLive && !this.#closed) this.#options.link.drop(`no channel to publish on: ${String(error)}`)
      return
    }
    if (!session.isLive || this.#closed) {
      void channel.close()
      return
    }
    this.#flights = new Flights()
    this.#ids.clear()
    this.#waiting.begin()
    this.#channel = channel
    this.#pump()
  }

  /** The old one is gone before the new one writes: what it might still store would come behind. */
  async #renewChannel(): Promise<void> {
    const channel = this.#channel
    const { session } = this.#options.link
    // A broker that blocks does not hear that a channel is to end. Nothing is written meanwhile, and the next refusal comes here again.
    if (channel === undefined || session === undefined || this.#options.link.isBlocked) return
    this.#channel = undefined
    this.#flights.takeAll((flight) => this.#uncertain(flight.batch, flight.index, renewed()))
    this.#ids.clear()
    try {
      await within(channel.close(), AbortSignal.timeout(CLOSE_MS))
    } catch (error) {
      if (session.isLive) this.#options.link.drop(`the channel to publish on does not end: ${String(error)}`)
      return
    }
    if (session.isLive) await this.#openChannel(session)
  }

  #channelClosed(session: Session, reason: WireError): void {
    this.#channel = undefined
    this.#renewal.ended()
    const error = toAdapterError(reason)
    // A missing exchange has ended the channel for everybody: it is asked for when its publishes come again.
    const missing = reason.replyCode === 404 ? /no exchange '([^']*)'/.exec(reason.message)?.[1] : undefined
    if (missing !== undefined) this.#options.exchanges.forget(missing)
    this.#failWritten(error)
    // What stands behind an uncertain one must not be written before core has repeated that.
    this.#failUnwritten(error)
    if (session.isLive && !this.#closed) void this.#openChannel(session)
  }

  // ------------------------------------------------------------------------------------------------ exchanges

  #askFor(open: OpenBatch): void {
    const { exchange } = open
    const others = this.#unknown.get(exchange)
    if (others !== undefined) {
      others.push(open)
      return
    }
    const batches = [open]
    this.#unknown.set(exchange, batches)
    void this.#options.exchanges.ask(exchange, open.batch.timeoutMs).then((error) => {
      this.#unknown.delete(exchange)
      for (const one of batches) {
        if (error === undefined) this.#waiting.push(one)
        else if (error.retryable) one.reportUnwritten(error)
        else this.#refuse(one, error)
      }
      this.#pump()
    })
  }

  #refuse(open: OpenBatch, error: AdapterError): void {
    const { destination } = open.batch
    const topic = destination.to === 'topic' ? destination.topic : destination.group.topic
    this.#options.context.routeChanged(topic)
    open.reportRest({ kind: 'refused', error })
  }

  // ------------------------------------------------------------------------------------------------ writing

  readonly #pump = (): void => {
    if (this.#pumping) return
    this.#pumping = true
    try {
      for (let open = this.#waiting.peek(); open !== undefined && this.#mayWrite(open); open = this.#waiting.peek()) {
        if (!open.isWritten) this.#write(open)
        if (open.isWritten) this.#waiting.shift()
      }
    } finally {
      this.#pumping = false
    }
  }

  #mayWrite({ nextBytes }: OpenBatch): boolean {
    if (this.#channel === undefined || this.#options.link.isBlocked || this.#renewal.isDue) return false
    const { count, bytes } = this.#flights
    if (count === 0) return true
    return count < publishWindow.messages && bytes + nextBytes <= publishWindow.bytes
  }

  #write(open: OpenBatch): void {
    const index = open.take()
    const envelope = open.unreported(index)
    if (envelope === undefined) return
    const { properties, content } = writeEnvelope(envelope)
    const mark = this.#ids.has(envelope.id) ? (this.#marks += 1) : 0
    const { exchange, routingKey } = open
    const message = {
      exchange,
      routingKey,
      mandatory: true,
      properties: mark === 0 ? properties : marked(properties, mark),
      content,
    }
    const tag = this.#publish(message)
    if (typeof tag !== 'number' || tag === 0) {
      open.report(index, tag === 0 ? { kind: 'unwritten', error: notConnected() } : { kind: 'refused', error: tag })
      return
    }
    if (mark === 0) this.#ids.add(envelope.id)
    this.#waiting.wrote(open)
    this.#flights.add(tag, { batch: open, index, bytes: envelope.bytes, messageId: envelope.id, mark, returned: false })
  }

  /** Its tag, 0 when the channel has ended, or why AMQP cannot carry it. */
  #publish(message: WireMessage): number | AdapterError {
    try {
      return this.#channel?.publishConfirmed(message) ?? 0
    } catch (error) {
      return toAdapterError(error, { scope: 'message' })
    }
  }

  // ------------------------------------------------------------------------------------------------ answers

  #confirmed(tag: number, multiple: boolean, ok: boolean): void {
    const ended: Flight[] = []
    this.#flights.take(tag, multiple, (flight) => {
      if (flight.mark === 0) this.#ids.delete(flight.messageId)
      this.#waiting.answered(flight.batch, ok && !flight.returned)
      ended.push(flight)
    })
    if (ok) this.#stored(ended)
    else this.#nacked(ended)
  }

  /** Whoever is told publishes again at once, which takes time: the broker gets what waits before that. */
  #stored(ended: readonly Flight[]): void {
    this.#renewal.answered()
    this.#pump()
    for (const flight of ended) flight.batch.report(flight.index, flight.returned ? unroutable(flight) : stored)
  }

  /** What waits behind must not be written before these. */
  #nacked(ended: readonly Flight[]): void {
    for (const { batch, index } of ended) this.#uncertain(batch, index, nacked())
    this.#renewal.refused()
    this.#renewal.answered()
    this.#pump()
  }

  #returned(message: WireReturn): void {
    const { messageId = '', headers } = message.properties
    const mark = headers?.[wireHeaders.publish] ?? 0
    const flight = this.#flights.find((one) => one.messageId === messageId && one.mark === mark)
    if (flight !== undefined) flight.returned = true
  }

  #expired(open: OpenBatch): void {
    const error = adapterError('TIMEOUT', 'the broker has not confirmed in time', { scope: 'message', retryable: true })
    const { written } = open
    open.reportUnwritten(error)
    this.#halt(open, error)
    for (let index = 0; index < written; index += 1) open.report(index, { kind: 'uncertain', error })
    this.#pump()
  }

  #uncertain(open: OpenBatch, index: number, error: AdapterError): void {
    this.#halt(open, error)
    open.report(index, { kind: 'uncertain', error })
  }

  /** Nothing more of a stream is written before core has repeated what is uncertain. */
  #halt(open: OpenBatch, error: AdapterError): void {
    for (const one of this.#waiting.takeBeside(open)) one.reportUnwritten(error)
  }

  #failWritten(error: AdapterError): void {
    this.#flights.takeAll((flight) => flight.batch.report(flight.index, { kind: 'uncertain', error }))
    this.#ids.clear()
  }

  #failUnwritten(error: AdapterError): void {
    const left = [...this.#waiting.takeAll(), ...[...this.#unknown.values()].flat()]
    for (const open of left) open.reportUnwritten(error)
  }
}

const nowhere = { exchange: '', routingKey: '' }

const marked = (properties: WireProperties, mark: number): WireProperties => ({
  ...properties,
  headers: { ...properties.headers, [wireHeaders.publish]: mark },
})
