import { Deque } from '../kit/deque.js'
import { exponentialBackoff } from '../kit/backoff.js'
import type { Cancel, Clock } from '../model/clock.js'
import type { AdapterContext, Side, SideState } from '../spi/adapter.js'
import { adapterError, type AdapterError } from '../spi/adapter-error.js'
import type { SendBatch } from '../spi/sending.js'
import type { Broker, BrokerClient } from './broker.js'
import type { MemoryConsumer } from './consumer.js'
import type { Group } from './group.js'
import type { Link } from './link.js'
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
  up: boolean
  /** It stays down until somebody restores it. */
  held: boolean
  lastCause: AdapterError['code'] | undefined
}

const SHORTEST_RECONNECT_MS = 5
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
  readonly #requests: Record<Side, Requests>
  readonly #status: Record<Side, SideStatus> = {
    publish: { up: false, held: false, lastCause: undefined },
    consume: { up: false, held: false, lastCause: undefined },
  }
  /** What core hears once the process is thawed; what comes from the broker; what goes to it. */
  readonly #deferred = new Deque<() => void>()
  readonly #reports = new Deque<() => void>()
  readonly #inbound = new Deque<() => void>()
  readonly #outbound = new Deque<() => void>()
  readonly #backoff = exponentialBackoff({ fromMs: 5, toMs: 45 })
  #session = 0
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
    this.#outbox = new Outbox({
      broker,
      clientName: context.clientName,
      clock: context.clock,
      released: () => this.#scheduleSending(),
      report: (run) => this.#reportSoon(run),
    })
    const link = (side: Side): Requests => new Requests(() => this.#passes(side))
    this.#requests = { publish: link('publish'), consume: link('consume') }
  }

  get name(): string {
    return this.clientName
  }

  get reachable(): boolean {
    return this.#passes('consume')
  }

  get up(): boolean {
    return this.#status.consume.up
  }

  get killed(): boolean {
    return this.#killed
  }

  get closed(): boolean {
    return this.#closed
  }

  get frozen(): boolean {
    return this.#frozen
  }

  state(side: Side): SideState {
    if (!this.#status[side].up) return this.#status[side].held ? 'lost' : 'connecting'
    return side === 'publish' && this.#broker.blocked ? 'blocked' : 'ready'
  }

  /** Requests and callbacks that have not ended. */
  get waiting(): number {
    return this.#requests.publish.size + this.#requests.consume.size + this.onLost.size
  }

  // --------------------------------------------------------------------------------------------------------------- link

  later(run: () => void): void {
    this.#broker.pump.call(() => {
      if (this.#killed || this.#closed) return
      if (this.#frozen || this.#deferred.length > 0) this.#deferred.push(run)
      else run()
    })
  }

  arrive(run: () => void): void {
    const session = this.#session
    this.#broker.pump.call(() => {
      if (session !== this.#session || this.#killed || this.#closed) return
      if (this.reachable && this.#inbound.length === 0) run()
      else this.#inbound.push(run)
    })
  }

  transmit(run: () => void): void {
    if (this.#killed || this.#closed || !this.#status.consume.up) return
    if (this.reachable && this.#outbound.length === 0) run()
    else this.#outbound.push(run)
  }

  request<T>(side: Side, signal: AbortSignal, run: () => T): Promise<T> {
    return this.#requests[side].add(signal, run)
  }

  // ----------------------------------------------------------------------------------------------------------- life cycle

  open(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let cause: Error & AdapterError = this.#broker.lost('does not answer')
      const onAbort = (): void => end(() => reject(cause))
      const end = (settle: () => void): void => {
        this.#retry?.()
        this.#retry = undefined
        this.onLost.delete(onClosed)
        signal.removeEventListener('abort', onAbort)
        settle()
      }
      const onClosed = (): void => end(() => reject(closedError()))
      const attempt = (): void => {
        const refusal = this.#broker.refusal
        if (refusal?.fatal === true) end(() => reject(refusal))
        else if (refusal === undefined && !this.#broker.silent) end(() => this.#connected(resolve))
        else {
          cause = refusal ?? this.#broker.lost('does not answer')
          this.#retry = this.#after(attempt)
        }
      }
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.onLost.add(onClosed)
      attempt()
    })
  }

  send(batch: SendBatch): void {
    if (this.#killed) return
    const { up } = this.#status.publish
    if (this.#closed || !up) {
      const error = this.#closed ? closedError() : this.#broker.lost('is not connected')
      this.#reportSoon(() => {
        for (let index = 0; index < batch.envelopes.length; index += 1)
          batch.report(index, { kind: 'unwritten', error })
      })
      return
    }
    this.#outbox.push(batch)
    this.#scheduleSending()
  }

  close(): Promise<void> {
    if (this.#closed || this.#killed) {
      this.#closed = true
      for (const side of both) this.#requests[side].end(closedError())
      return Promise.resolve()
    }
    this.#outbox.fail('lost', closedError())
    for (const consumer of [...this.consumers]) consumer.abandon()
    this.#end()
    return new Promise((resolve) => {
      this.#broker.pump.call(() => {
        drain(this.#reports, () => true)
        resolve()
      })
    })
  }

  /** As SIGKILL: nothing is told to anybody in the process. */
  kill(unreported: Unreported): void {
    if (this.#closed || this.#killed) return
    this.#killed = true
    this.#outbox.fail(unreported, closedError())
    for (const consumer of [...this.consumers]) consumer.evict()
    this.#end()
  }

  /** Nothing passes either way, as if the process were stopped; after its session the broker gives its claims away. */
  freeze(): void {
    if (this.#frozen || this.#closed || this.#killed) return
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
    if (!this.#frozen || this.#killed) return
    this.#sessionTimer?.()
    this.#sessionTimer = undefined
    this.#frozen = false
    if (this.#evicted) {
      this.#evicted = false
      this.lose({ sides: both, cause: this.#broker.lost('has ended the session'), unreported: 'lost', reconnect: true })
    }
    this.#reportSoon(() => undefined)
    this.#broker.pump.call(() => drain(this.#deferred, () => !this.#frozen && !this.#killed && !this.#closed))
    this.wake()
    if (this.#broker.silent) this.silenced('lost')
  }

  /** Connections end. What was on its way is reported as uncertain, claims as lost, and both come back by themselves. */
  lose({ sides, cause, unreported, reconnect }: LossOptions): void {
    if (this.#closed || this.#killed) return
    for (const side of sides) {
      const status = this.#status[side]
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
      const status = this.#status[side]
      if (!status.held) continue
      status.held = false
      this.later(() => this.#context.state(side, 'connecting'))
    }
    this.#reconnect()
  }

  // -------------------------------------------------------------------------------------------------- what the broker says

  wake(): void {
    if (this.#closed || this.#killed) return
    if (!this.#broker.silent) {
      this.#heartbeatTimer?.()
      this.#heartbeatTimer = undefined
    }
    this.#broker.pump.call(() => {
      drain(this.#outbound, () => this.reachable)
      drain(this.#inbound, () => this.reachable)
      this.#requests.publish.retry()
      this.#requests.consume.retry()
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
    if (this.#status.publish.up) this.later(() => this.#context.state('publish', state))
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
    if (this.#frozen || this.#killed || this.#closed || this.#broker.silent) return false
    return this.#status[side].up
  }

  #scheduleSending(): void {
    if (this.#sending || this.#outbox.empty) return
    this.#sending = true
    this.#broker.pump.call(() => {
      this.#sending = false
      this.#outbox.arrive(() => this.#passes('publish') && !this.#broker.blocked)
      if (this.#passes('publish') && !this.#broker.blocked) this.#scheduleSending()
    })
  }

  /** Answers to sends are owed whatever happens but the end of the process. */
  #reportSoon(report: () => void): void {
    this.#reports.push(report)
    this.#broker.pump.call(() => drain(this.#reports, () => !this.#frozen && !this.#killed))
  }

  #connected(resolve: () => void): void {
    this.#broker.connect(this, this.clock)
    for (const side of both) this.#bringUp(side)
    this.#broker.pump.call(resolve)
  }

  #bringUp(side: Side): void {
    const status = this.#status[side]
    status.up = true
    status.lastCause = undefined
    this.later(() => {
      if (status.up) this.#context.state(side, this.state(side))
    })
  }

  #loseClaims(cause: Error & AdapterError): void {
    this.#session += 1
    this.#inbound.clear()
    this.#outbound.clear()
    for (const consumer of [...this.consumers]) consumer.disconnected(cause)
    for (const onLost of [...this.onLost]) onLost()
  }

  #evict(): void {
    this.#evicted = true
    for (const consumer of this.consumers) consumer.evict()
    for (const onLost of [...this.onLost]) onLost()
  }

  #reconnect(): void {
    const down = both.filter((side) => !this.#status[side].up && !this.#status[side].held)
    if (down.length === 0 || this.#retry !== undefined || this.#frozen || this.#closed || this.#killed) return
    this.#retry = this.#after(() => this.#attempt())
  }

  #attempt(): void {
    this.#retry = undefined
    if (this.#frozen) return
    const down = both.filter((side) => !this.#status[side].up && !this.#status[side].held)
    const refusal = this.#broker.refusal ?? (this.#broker.silent ? this.#broker.lost('does not answer') : undefined)
    if (refusal !== undefined) {
      for (const side of down) this.#report(side, refusal)
      this.#reconnect()
      return
    }
    this.#failures = 0
    for (const side of down) this.#bringUp(side)
    this.wake()
  }

  /** The same cause is told once, however long it lasts. */
  #report(side: Side, cause: AdapterError): void {
    if (this.#status[side].lastCause === cause.code) return
    this.#status[side].lastCause = cause.code
    this.later(() => this.#context.state(side, 'connecting', cause))
  }

  #after(run: () => void): Cancel {
    this.#failures += 1
    return this.clock.after(SHORTEST_RECONNECT_MS + this.#backoff(this.#failures), run)
  }

  #end(): void {
    this.#closed = !this.#killed
    for (const onLost of [...this.onLost]) onLost()
    this.#broker.clients.delete(this)
    this.consumers.clear()
    this.#deferred.clear()
    this.#inbound.clear()
    this.#outbound.clear()
    for (const side of both) {
      this.#status[side].up = false
      if (!this.#killed) this.#requests[side].end(closedError())
    }
    for (const cancel of [this.#retry, this.#sessionTimer, this.#heartbeatTimer]) cancel?.()
  }
}

function drain(queue: Deque<() => void>, open: () => boolean): void {
  while (queue.length > 0 && open()) queue.shift()?.()
}

export const closedError = (): Error & AdapterError => adapterError('CLOSED', 'the adapter is closed')
