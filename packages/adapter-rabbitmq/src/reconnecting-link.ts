import { type AdapterContext, type AdapterError, adapterError, type Side, timedOut, within } from '@sluice/core/spi'
import { Connector } from './connector.js'
import { toAdapterError } from './errors.js'
import type { Line } from './line.js'
import { LinkStatus } from './link-status.js'
import type { Link, LinkListener, Session } from './link.js'
import { SessionWaiters } from './session-waiters.js'
import { LiveSession } from './session.js'
import type { Wire, WireChannel, WireTarget } from './wire/port.js'
import { WireError } from './wire/wire-error.js'

export interface LinkOptions {
  readonly side: Side
  readonly wire: Wire
  readonly context: AdapterContext
  /** One for each address of the broker, otherwise alike. */
  readonly targets: readonly WireTarget[]
  /** Gives numbers of at least 0 and less than 1. @default Math.random */
  readonly random?: (() => number) | undefined
}

const FAREWELL_MS = 5_000
const closed = (): Error & AdapterError => adapterError('CLOSED', 'the connection is closed')

/** A {@link Link} that is made again whenever it is lost. */
export class ReconnectingLink implements Link {
  readonly #context: AdapterContext
  readonly #connector: Connector
  readonly #status: LinkStatus
  readonly #waiters = new SessionWaiters()
  readonly #listeners = new Set<LinkListener>()
  readonly #stop = new AbortController()
  #opening: { resolve(): void; reject(error: Error): void } | undefined
  #running: Promise<void> | undefined
  #session: LiveSession | undefined
  #block: string | undefined
  #isReady = false
  #epoch = 0

  constructor({ side, context, wire, targets, random = () => Math.random() }: LinkOptions) {
    this.#context = context
    this.#status = new LinkStatus(context, side)
    this.#connector = new Connector({
      wire,
      clock: context.clock,
      targets,
      random,
      attempting: () => this.#status.connecting(),
      refused: (trouble, address) => {
        this.#status.refused(trouble, address)
        if (trouble.fatal && this.#opening !== undefined) this.#stopWith(trouble)
      },
      signal: this.#stop.signal,
    })
  }

  get session(): Session | undefined {
    return this.#session
  }

  get isBlocked(): boolean {
    return this.#block !== undefined
  }

  get trouble(): AdapterError | undefined {
    return this.#session === undefined ? this.#status.trouble : undefined
  }

  open(signal: AbortSignal): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(closed())
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#stopWith(this.#status.trouble ?? timedOut())
        this.drop('given up by this side')
      }
      const leave = (): void => {
        this.#opening = undefined
        signal.removeEventListener('abort', late)
      }
      this.#opening = {
        resolve: () => {
          leave()
          resolve()
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      }
      signal.addEventListener('abort', late, { once: true })
      if (signal.aborted) late()
      else this.#running ??= this.#run()
    })
  }

  listen(listener: LinkListener): () => void {
    this.#listeners.add(listener)
    const session = this.#session
    // A session that comes later finds it in the list.
    if (session !== undefined) {
      queueMicrotask(() => {
        if (this.#session === session && this.#listeners.has(listener)) void this.#begin([listener], session)
      })
    }
    return () => {
      this.#listeners.delete(listener)
    }
  }

  whenUp(signal: AbortSignal): Promise<Session> {
    if (this.#isStopped) return Promise.reject(closed())
    if (this.#session?.isLive === true) return Promise.resolve(this.#session)
    return this.#waiters.add(signal, () => this.#status.trouble ?? timedOut())
  }

  async onChannel<T>(work: (channel: WireChannel) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { connection } = await this.whenUp(signal)
    const opening = connection.openChannel({ closed: () => {} })
    try {
      return await within(opening.then(work), signal)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      throw this.#isStopped ? closed() : toAdapterError(error)
    } finally {
      // Not waited for: the result is there, and the farewell of a channel says nothing new.
      opening.then((channel) => channel.close()).catch(() => {})
    }
  }

  drop(reason: string): void {
    this.#session?.drop(reason)
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#stopWith(closed())
    const cut = (): void => this.drop('closed without a farewell')
    if (signal.aborted) cut()
    else signal.addEventListener('abort', cut, { once: true })
    await this.#session?.connection.close(FAREWELL_MS)
    await this.#running
    signal.removeEventListener('abort', cut)
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** Nothing more is tried. A session that stands is left to the caller. */
  #stopWith(error: Error): void {
    this.#stop.abort()
    this.#opening?.reject(error)
    this.#waiters.reject(error)
  }

  async #run(): Promise<void> {
    // Nothing is told in the call stack of `open`.
    await Promise.resolve()
    for (;;) {
      const line = await this.#connector.connect()
      if (line === undefined) return
      await this.#live(line)
    }
  }

  /** Until the connection has ended. */
  #live(line: Line): Promise<void> {
    const { connection } = line
    this.#epoch += 1
    const session = new LiveSession(connection, this.#epoch, this.#context.clock)
    return new Promise((resolve) => {
      line.take({
        closed: (reason) => {
          this.#down(session, reason)
          resolve()
        },
        blocked: (reason) => this.#blocked(reason),
        unblocked: () => this.#blocked(undefined),
        received: () => session.heard(),
      })
      if (session.isEnded) return
      if (this.#isStopped) return connection.destroy('closed by this side')
      this.#session = session
      this.#waiters.resolve(session)
      void this.#begin([...this.#listeners], session).then((done) => done && this.#ready(session))
    })
  }

  /** Whether all of them have done what they do first on a session, and it still stands. */
  async #begin(listeners: readonly LinkListener[], session: LiveSession): Promise<boolean> {
    try {
      await Promise.all(listeners.map(async (listener) => listener.up(session)))
      return this.#session === session
    } catch (error) {
      if (this.#session !== session) return false
      const trouble = toAdapterError(error)
      this.#context.log.warn(`rabbitmq: a new connection is of no use: ${trouble.text}`)
      if (trouble.fatal && this.#opening !== undefined) this.#stopWith(trouble)
      session.drop(trouble.text)
      return false
    }
  }

  #ready(session: LiveSession): void {
    if (this.#session !== session) return
    this.#isReady = true
    this.#tellReady()
    this.#opening?.resolve()
  }

  #blocked(reason: string | undefined): void {
    this.#block = reason
    if (this.#isReady) this.#tellReady()
    this.#each((listener) => listener.blocked?.(reason !== undefined))
  }

  #tellReady(): void {
    if (this.#block === undefined) this.#status.ready()
    else this.#status.blocked(this.#block)
  }

  #down(session: LiveSession, reason: WireError): void {
    const wasUp = this.#session === session
    session.end()
    this.#session = undefined
    this.#block = undefined
    this.#isReady = false
    this.#connector.ended(session.lastedMs)
    const cause = this.#isStopped ? closed() : toAdapterError(reason)
    if (wasUp) this.#each((listener) => listener.down(session, cause))
    if (!this.#isStopped) this.#status.lost(cause)
  }

  /** One that throws keeps nothing from the others, nor from the next connection. */
  #each(tell: (listener: LinkListener) => void): void {
    for (const listener of [...this.#listeners]) {
      try {
        tell(listener)
      } catch (error) {
        this.#context.log.error('rabbitmq: a listener of the connection has thrown', { error })
      }
    }
  }
}
