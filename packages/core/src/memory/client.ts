import { exponentialBackoff } from '../kit/backoff.js'
import type { Cancel, Clock } from '../model/clock.js'
import type { AdapterContext, Side, SideState } from '../spi/adapter.js'
import { adapterError, type AdapterError } from '../spi/adapter-error.js'
import type { SendBatch } from '../spi/sending.js'
import type { Broker, BrokerClient } from './broker.js'
import type { MemoryConsumer } from './consumer.js'
import type { Group } from './group.js'
import { Line } from './line.js'
import type { Trip } from './latency.js'
import type { Link } from './link.js'
import { Mailbox } from './mailbox.js'
import { Opening } from './opening.js'
import { Outbox, type Unreported } from './outbox.js'
import { Requests } from './requests.js'

/** How a connection ends. */
export interface LossOptions {
  readonly sides: readonly Side[]
  readonly cause: Error & AdapterError
  readonly unreported: Unreported
  /** It comes back by itself. */
  readonly reconnect: boolean
}

interface SideStatus {
  readonly requests: Requests
  up: boolean
  /** It stays down until somebody restores it. */
  held: boolean
  lastCause: AdapterError['code'] | undefined
}

const SHORTEST_RECONNECT_MS = 5
const LONGEST_RECONNECT_MS = 50
const both: readonly Side[] = ['publish', 'consume']

/** One client of the broker: its two sides, and what happens to them. */
export class Client implements BrokerClient, Link {
  readonly id: number
  readonly clientName: string
  readonly clock: Clock
  readonly consumers: Set<MemoryConsumer> = new Set()
  /** Told when the consuming side is lost, and when everything ends. */
  readonly onLost: Set<() => void> = new Set()
  readonly #broker: Broker
  readonly #context: AdapterContext
  readonly #outbox: Outbox
  readonly #mail: Mailbox
  readonly #sides: Readonly<Record<Side, SideStatus>>
  readonly #backoff = exponentialBackoff({ fromMs: 5, toMs: LONGEST_RECONNECT_MS - SHORTEST_RECONNECT_MS })
  #opening: Opening | undefined
  #failures = 0
  #sending = false
  #frozen = false
  #evicted = false
  #killed = false
  #closed = false
  #retry: Cancel | undefined
  #sessionTimer: Cancel | undefined
  #heartbeatTimer: Cancel | undefined

  constructor(broker: Broker, context: AdapterContext) {
    this.#broker = broker
    this.#context = context
    this.id = broker.nextClientId()
    this.clientName = context.clientName
    this.clock = context.clock
    const { latencyMs } = broker
    const line = (what: Trip['what']): Line =>
      new Line(
        () => broker.clock,
        () => latencyMs?.({ clientName: context.clientName, what }) ?? 0,
      )
    const lines = latencyMs && { inbound: line('to-client'), outbound: line('to-broker') }
    this.#mail = new Mailbox(broker.pump, this, lines)
    this.#outbox = new Outbox({
      broker,
      clientName: context.clientName,
      clock: context.clock,
      released: () => this.#scheduleSending(),
      report: (run) => this.#mail.report(run),
    })
    const side = (name: Side): SideStatus => {
      const travel =
        latencyMs &&
        ((run: () => void): Cancel =>
          broker.clock.after(latencyMs({ clientName: context.clientName, what: 'question' }), run))
      const requests = new Requests(() => this.#passes(name), travel)
      return { requests, up: false, held: false, lastCause: undefined }
    }
    this.#sides = { publish: side('publish'), consume: side('consume') }
  }

  get reachable(): boolean {
    return this.#passes('consume')
  }

  get up(): boolean {
    return this.#sides.consume.up
  }

  get killed(): boolean {
    return this.#killed
  }

  get closed(): boolean {
    return this.#closed
  }

  get ended(): boolean {
    return this.#killed || this.#closed
  }

  get frozen(): boolean {
    return this.#frozen
  }

  /** Questions, open boxes and the like that have not ended. */
  get waiting(): number {
    return this.#sides.publish.requests.size + this.#sides.consume.requests.size + this.onLost.size
  }

  state(side: Side): SideState {
    const { up, held } = this.#sides[side]
    if (!up) return held ? 'lost' : 'connecting'
    return side === 'publish' && this.#broker.blocked ? 'blocked' : 'ready'
  }

  // ------------------------------------------------------------------------------------------------------- what core does

  open(signal: AbortSignal): Promise<void> {
    this.#opening = new Opening({
      refused: (cause) => {
        for (const side of both) this.#report(side, cause)
      },
      broker: this.#broker,
      signal,
      pause: (run) => this.#pause(run),
      connected: () => {
        this.#broker.connect(this, this.clock)
        for (const side of both) this.#bringUp(side)
      },
    })
    return this.#opening.done
  }

  send(batch: SendBatch): void {
    if (this.#killed) return
    if (this.#sides.publish.up) {
      this.#outbox.push(batch)
      this.#scheduleSending()
      return
    }
    const error = this.#closed ? closedError() : this.#broker.lost('is not connected')
    this.#mail.report(() => {
      for (let index = 0; index < batch.envelopes.length; index += 1) batch.report(index, { kind: 'unwritten', error })
    })
  }

  request<T>(side: Side, signal: AbortSignal, run: () => T): Promise<T> {
    return this.#sides[side].requests.add(signal, run)
  }

  close(): Promise<void> {
    if (!this.ended) {
      this.#outbox.fail('lost', closedError())
      for (const consumer of [...this.consumers]) consumer.abandon()
    }
    this.#closed = true
    this.#frozen = false
    this.#end()
    return new Promise((resolve) => {
      this.#broker.pump.call(() => {
        this.#mail.settle()
        resolve()
      })
    })
  }

  later(run: () => void): void {
    if (!this.ended) this.#mail.later(run)
  }

  arrive(run: () => void): void {
    this.#mail.arrive(run)
  }

  push(run: () => void): void {
    this.#mail.push(run)
  }

  transmit(run: () => void): void {
    if (!this.ended && this.up) this.#mail.transmit(run)
  }

  // ---------------------------------------------------------------------------------------------- what is done to the process

  /** As SIGKILL: nothing is told to anybody in the process. */
  kill(unreported: Unreported): void {
    if (this.ended) return
    this.#killed = true
    this.#outbox.fail(unreported, closedError())
    for (const consumer of [...this.consumers]) consumer.evict()
    this.#end()
  }

  /** Nothing passes either way, as if the process were stopped; after its session the broker gives its claims away. */
  freeze(): void {
    if (this.#frozen || this.ended) return
    this.#frozen = true
    this.#sessionTimer = this.#broker.timers.after(this.#broker.limits.sessionMs, () => this.#evict())
  }

  /** As {@link freeze}, for ever, and the broker notices after `noticeMs`. */
  vanish(noticeMs: number, unreported: Unreported): void {
    this.freeze()
    this.#sessionTimer?.()
    this.#sessionTimer = this.#broker.timers.after(noticeMs, () => this.kill(unreported))
  }

  thaw(): void {
    if (!this.#frozen || this.ended) return
    this.#sessionTimer?.()
    this.#sessionTimer = undefined
    this.#frozen = false
    if (this.#evicted) {
      this.#evicted = false
      this.lose({ sides: both, cause: this.#broker.lost('has ended the session'), unreported: 'lost', reconnect: true })
    }
    this.#mail.thawed()
    this.wake()
    if (this.#broker.silent) this.silenced('lost')
  }

  // --------------------------------------------------------------------------------------------- what is done to connections

  /** Connections end. What was on its way is reported as uncertain, claims as lost, and both come back by themselves. */
  lose({ sides, cause, unreported, reconnect }: LossOptions): void {
    if (this.ended) return
    for (const side of sides) {
      const status = this.#sides[side]
      if (!reconnect) status.held = true
      if (!status.up) continue
      status.up = false
      status.lastCause = cause.code
      this.later(() => this.#context.state(side, 'lost', cause))
      if (side === 'publish') this.#outbox.fail(unreported, cause)
      else this.#loseClaims(cause)
      if (reconnect) this.later(() => this.#context.state(side, 'connecting'))
    }
    this.#reconnect()
  }

  /** Ends what {@link lose} has held down. */
  restore(): void {
    for (const side of both) {
      const status = this.#sides[side]
      if (!status.held) continue
      status.held = false
      this.later(() => this.#context.state(side, 'connecting'))
    }
    this.#reconnect()
  }

  /** The broker can be reached again, perhaps: whatever waited goes on. */
  wake(): void {
    if (this.ended) return
    if (!this.#broker.silent) {
      this.#heartbeatTimer?.()
      this.#heartbeatTimer = undefined
    }
    this.#broker.pump.call(() => {
      this.#mail.reached()
      for (const side of both) this.#sides[side].requests.retry()
      for (const consumer of this.consumers) consumer.wake()
    })
    this.#scheduleSending()
    this.#reconnect()
  }

  /** The broker has fallen silent; the client notices after two heartbeats. */
  silenced(unreported: Unreported): void {
    this.#heartbeatTimer?.()
    this.#heartbeatTimer = this.#broker.timers.after(this.#broker.limits.heartbeatMs * 2, () => {
      if (this.#frozen) return
      this.lose({ sides: both, cause: this.#broker.lost('has sent no heartbeat'), unreported, reconnect: true })
    })
  }

  blockedChanged(): void {
    const state = this.#broker.blocked ? 'blocked' : 'ready'
    if (this.#sides.publish.up) this.later(() => this.#context.state('publish', state))
    this.#scheduleSending()
  }

  routeChanged(topic: string): void {
    this.later(() => this.#context.routeChanged(topic))
  }

  topicGone(topic: string, groups: ReadonlySet<Group>): void {
    this.routeChanged(topic)
    const cause = adapterError('UNKNOWN_TOPIC', `topic "${topic}" was deleted at the broker`, { scope: 'topic' })
    for (const consumer of [...this.consumers]) {
      if (consumer.group !== undefined && groups.has(consumer.group)) consumer.groupGone(cause)
    }
  }

  // -------------------------------------------------------------------------------------------------------------- inside

  #passes(side: Side): boolean {
    return this.#sides[side].up && !this.#frozen && !this.ended && !this.#broker.silent
  }

  #scheduleSending(): void {
    if (this.#sending || this.#outbox.empty) return
    this.#sending = true
    const open = (): boolean => this.#passes('publish') && !this.#broker.blocked
    this.#broker.pump.call(() => {
      this.#sending = false
      this.#outbox.arrive(open)
      if (open()) this.#scheduleSending()
    })
  }

  #bringUp(side: Side): void {
    const status = this.#sides[side]
    status.up = true
    status.lastCause = undefined
    this.later(() => {
      if (status.up) this.#context.state(side, this.state(side))
    })
  }

  #loseClaims(cause: Error & AdapterError): void {
    this.#mail.disconnected()
    for (const consumer of [...this.consumers]) consumer.disconnected(cause)
    for (const onLost of [...this.onLost]) onLost()
  }

  #evict(): void {
    this.#evicted = true
    for (const consumer of this.consumers) consumer.evict()
    for (const onLost of [...this.onLost]) onLost()
  }

  get #down(): readonly Side[] {
    return both.filter((side) => !this.#sides[side].up && !this.#sides[side].held)
  }

  #reconnect(): void {
    if (this.#down.length === 0 || this.#retry !== undefined || this.#frozen || this.ended) return
    this.#retry = this.#pause(() => this.#attempt())
  }

  #attempt(): void {
    this.#retry = undefined
    if (this.#frozen) return
    const refusal = this.#broker.refusal ?? (this.#broker.silent ? this.#broker.lost('does not answer') : undefined)
    if (refusal !== undefined) {
      for (const side of this.#down) this.#report(side, refusal)
      this.#reconnect()
      return
    }
    this.#failures = 0
    for (const side of this.#down) this.#bringUp(side)
    this.wake()
  }

  /** The same cause is told once, however long it lasts. */
  #report(side: Side, cause: AdapterError): void {
    if (this.#sides[side].lastCause === cause.code) return
    this.#sides[side].lastCause = cause.code
    this.later(() => this.#context.state(side, 'connecting', cause))
  }

  #pause(run: () => void): Cancel {
    this.#failures += 1
    return this.clock.after(SHORTEST_RECONNECT_MS + this.#backoff(this.#failures), run)
  }

  #end(): void {
    for (const side of both) {
      this.#sides[side].up = false
      if (this.#closed) this.#sides[side].requests.end(closedError())
    }
    if (this.#closed) this.#opening?.end(closedError())
    for (const onLost of [...this.onLost]) onLost()
    this.#broker.clients.delete(this)
    this.consumers.clear()
    this.#mail.end()
    for (const cancel of [this.#retry, this.#sessionTimer, this.#heartbeatTimer]) cancel?.()
  }
}

export const closedError = (): Error & AdapterError => adapterError('CLOSED', 'the adapter is closed')
