import type { Cancel, Clock } from '@sluice/core/spi'
import type { Socket } from 'node:net'
import type { ChannelEvents, ConfirmEvents, ConnectionEvents, WireConnection } from '../port.js'
import { WireError } from '../wire-error.js'
import { AmqplibChannel } from './channel.js'
import { AmqplibConfirmChannel } from './confirm-channel.js'
import { gateFrames } from './frame-gate.js'
import type { Opened } from './handshake.js'
import type { InnerChannel, InnerConnection, Model } from './internals.js'
import type { Owner } from './owner.js'
import { reasonOf } from './reasons.js'
import { WriteTogether } from './write-together.js'

/** How long the last frames of a connection that has ended may take to leave. */
const LINGER_MS = 1_000
/** Pieces that wait in a channel before its buffer says that it is full, which nobody asks: what may be under way is bounded where it is published. */
const CHANNEL_FRAMES = 1_024

type Make<C> = (inner: InnerChannel) => C

/** A connection of amqplib. */
export class AmqplibConnection implements WireConnection, Owner {
  readonly connection: InnerConnection
  readonly server: WireConnection['server']
  readonly heartbeatSeconds: number
  readonly #model: Model
  readonly #socket: Socket
  readonly #events: ConnectionEvents
  readonly #clock: Clock
  readonly #together: WriteTogether
  readonly #secure: boolean
  readonly #channels = new Set<AmqplibChannel>()
  readonly #gone: Promise<void>
  /** Why this side has ended it; amqplib notices a little later. */
  #reason: WireError | undefined
  #end: WireError | undefined
  #closing: Promise<void> | undefined
  #lingering: Cancel | undefined

  constructor({ model, guard }: Opened, events: ConnectionEvents, clock: Clock) {
    const { connection } = model
    this.connection = connection
    this.#model = model
    this.#socket = connection.stream
    this.#secure = 'encrypted' in connection.stream
    this.#events = events
    this.#clock = clock
    this.#together = new WriteTogether(this.#socket)
    this.heartbeatSeconds = connection.heartbeat
    const { product, version } = connection.serverProperties
    this.server = { product: String(product), version: String(version) }
    guard.received = () => this.#tell(() => events.received())
    guard.failed = (error) => this.violated(error)
    gateFrames(connection, () => this.isOpen)
    // It passes errors on to the model, which throws when nobody listens there.
    model.on('error', () => {})
    connection.on('error', (error: unknown) => this.#ended(error))
    connection.on('close', (error: unknown) => this.#ended(error))
    connection.on('blocked', (reason: unknown) => this.#tell(() => events.blocked(String(reason))))
    connection.on('unblocked', () => this.#tell(() => events.unblocked()))
    // It may have come with the last frame of the handshake.
    if (connection.blocked) setImmediate(() => connection.blocked && this.#tell(() => events.blocked('')))
    this.#gone = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#lingering?.()
        // amqplib does not notice a socket that was destroyed without an error, and its timers would go on for ever.
        const unexpected = new Error('Unexpected close')
        connection.onSocketError(unexpected)
        this.#ended(unexpected)
        resolve()
      })
    })
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.#reason === undefined
  }

  get end(): WireError | undefined {
    return this.#end ?? this.#reason
  }

  openChannel(events: ChannelEvents): Promise<AmqplibChannel> {
    return this.#open((inner) => new AmqplibChannel(inner, this, events))
  }

  openConfirmChannel(events: ConfirmEvents): Promise<AmqplibConfirmChannel> {
    return this.#open((inner) => new AmqplibConfirmChannel(inner, this, events))
  }

  beat(): void {
    if (this.isOpen) this.connection.sendHeartbeat()
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#shut(graceMs)
    return this.#closing
  }

  destroy(reason: string): void {
    this.#destroy(closedHere(reason))
  }

  writing(): void {
    this.#together.hold()
  }

  violated(error: unknown): void {
    this.#destroy(new WireError(textOf(error), { kind: 'protocol', scope: 'connection', cause: error }))
  }

  thrown(error: unknown): void {
    this.#destroy(
      new WireError(`a listener has thrown: ${textOf(error)}`, { kind: 'closed', scope: 'connection', cause: error }),
    )
  }

  left(channel: AmqplibChannel): void {
    this.#channels.delete(channel)
  }

  async #open<C extends AmqplibChannel>(make: Make<C>): Promise<C> {
    if (!this.isOpen || this.#closing !== undefined) throw this.end ?? closedHere('the connection is being closed')
    let refused: Error | null = null
    let answered = (error: Error | null): void => {
      refused = error
    }
    const inner = this.#model.createChannel({ highWaterMark: CHANNEL_FRAMES }, (error) => answered(error))
    if (refused !== null) throw noneLeft(this.#channels.size, refused)
    const channel = make(inner)
    this.#channels.add(channel)
    await channel.open((answer) => {
      answered = answer
    })
    return channel
  }

  async #shut(graceMs: number): Promise<void> {
    const cancel = this.#clock.after(graceMs, () => this.destroy(`no answer to the farewell within ${graceMs} ms`))
    // amqplib's own farewell overtakes what its channels have still to send.
    await Promise.all(Array.from(this.#channels, (channel) => channel.close()))
    if (this.isOpen) {
      // amqplib does not say farewell on a blocked connection, and drops what was written on it.
      this.connection.blocked = false
      this.connection.close(() => {})
    }
    await this.#gone
    cancel()
  }

  #destroy(reason: WireError): void {
    this.#reason ??= reason
    // Without an error amqplib would not notice.
    this.#socket.destroy(this.#reason)
  }

  /** @param error of amqplib, none after a farewell of this side */
  #ended(error: unknown): void {
    if (this.#end !== undefined) return
    const reason = this.#reason ?? (error === undefined ? closedHere() : reasonOf(error, 'connection', this.#secure))
    this.#end = reason
    for (const channel of this.#channels) channel.end(reason)
    this.#tell(() => this.#events.closed(reason))
    // After this turn, in which amqplib may still answer; a broker that takes nothing any more must not keep the socket.
    setImmediate(() => {
      if (this.#socket.destroyed) return
      this.#lingering = this.#clock.after(LINGER_MS, () => this.#socket.destroy(reason))
      this.#socket.destroySoon()
    })
  }

  #tell(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.thrown(error)
    }
  }
}

function closedHere(text = 'closed by this side'): WireError {
  return new WireError(text, { kind: 'closed', scope: 'connection' })
}

function noneLeft(open: number, cause: Error): WireError {
  const text = `the broker allows no further channel on this connection; ${open} are open`
  return new WireError(text, { kind: 'message', scope: 'message', replyCode: 506, cause })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
