import type { Cancel } from '../model/clock.js'
import { adapterError, type AdapterError } from '../spi/adapter-error.js'
import type { Claim, Consumer, ConsumeRequest, ConsumeSink, Notice } from '../spi/consuming.js'
import type { Inbound } from '../spi/envelope.js'
import type { Broker } from './broker.js'
import type { MemoryClaim, MemoryDelivery } from './claim.js'
import type { Group } from './group.js'
import type { Link } from './link.js'
import type { Member } from './membership.js'
import { Waiters } from './waiters.js'

/** What is done reaches the broker at the latest when so much of it waits, over all claims: what waits is kept until then. */
const MOST_UNSTORED = 512

/** What a consumer needs of its adapter. */
export interface ConsumerHooks {
  /** The group as it is at the broker, declared again where the adapter may; `undefined` when a person has to. */
  group(): Group | undefined
  closed(consumer: MemoryConsumer): void
}

/** One consumption: member of a group on the broker's side, {@link Consumer} on core's. */
export class MemoryConsumer implements Consumer, Member {
  readonly request: ConsumeRequest
  readonly windowBytes: number
  readonly clientName: string
  readonly record?: (delivery: Inbound, failures: number) => Promise<void>
  readonly #broker: Broker
  readonly #link: Link
  readonly #sink: ConsumeSink
  readonly #hooks: ConsumerHooks
  readonly #claims = new Set<MemoryClaim>()
  readonly #waiters = new Waiters()
  readonly #rewinds = new Map<MemoryClaim, () => void>()
  /** Lost, and core does not know. */
  #untold: MemoryClaim[] = []
  /** What was still on its way when intake ended. */
  #kept: { readonly claim: MemoryClaim; readonly deliveries: readonly MemoryDelivery[] }[] = []
  #group: Group | undefined
  #memberId = ''
  #disarm: Cancel | undefined
  /** Done since the last flush. */
  #unflushed = 0
  #joined = false
  #paused = false
  #stopped = false
  #failed = false
  #closed = false
  #closing: Promise<void> | undefined

  constructor(broker: Broker, link: Link, request: ConsumeRequest, sink: ConsumeSink, hooks: ConsumerHooks) {
    this.#broker = broker
    this.#link = link
    this.#sink = sink
    this.#hooks = hooks
    this.request = request
    this.clientName = link.clientName
    this.windowBytes = broker.like === 'rabbitmq' ? Infinity : request.window.bytes
    if (broker.log) this.record = (delivery, failures) => this.#record(delivery, failures)
  }

  // ------------------------------------------------------------------------------------------------ member of the group

  get memberId(): string {
    return this.#memberId
  }

  get leaving(): boolean {
    return this.#stopped
  }

  get receiving(): boolean {
    return this.#link.reachable && !this.#paused && !this.#stopped && !this.#failed
  }

  get group(): Group | undefined {
    return this.#group
  }

  /** Whether it takes part in its group now. */
  get live(): boolean {
    return this.#joined && !this.#closed
  }

  /** Also after a reconnect, as a new member. */
  join(group: Group): void {
    if (this.#closed || this.#joined) return
    this.#group = group
    this.#memberId = String(this.#broker.nextMemberId()).padStart(12, '0')
    this.#joined = true
    group.membership.join(this)
  }

  /** On the broker's side only: core does not know yet. */
  evict(): void {
    if (!this.#joined) return
    this.#joined = false
    this.#group?.membership.leave(this)
  }

  /** The connection is gone, and with it every claim. */
  disconnected(cause: Error & AdapterError): void {
    const claims = [...this.#claims]
    this.#kept = []
    this.evict()
    this.#forget(claims, cause)
  }

  /** The group is gone at the broker. */
  groupGone(cause: Error & AdapterError): void {
    this.disconnected(cause)
    this.#stopWaiting(cause)
    this.#link.arrive(() => this.#rejoin(cause.text))
  }

  /** The broker can be reached again, perhaps. */
  wake(): void {
    if (this.#closed || !this.#link.reachable) return
    if (!this.#joined) this.#rejoin('the group was gone when the connection came back')
    for (const claim of this.#claims) this.#broker.pump.wake(claim.source)
  }

  claim(claim: MemoryClaim): void {
    this.#claims.add(claim)
    this.#link.arrive(() => {
      if (claim.ended || claim.released) return
      if (this.#stopped) {
        this.#surrender([claim])
        return
      }
      claim.announced = true
      this.#sink.claimed(claim)
      this.#broker.pump.wake(claim.source)
    })
  }

  revoke(claims: readonly MemoryClaim[], deadlineMs: number): void {
    this.#link.arrive(() => {
      const live = claims.filter((claim) => !claim.ended && !claim.released)
      if (live.length === 0) return
      const letGo = (): void => this.#surrender(live)
      this.#sink.revoking(live, deadlineMs).then(letGo, letGo)
    })
  }

  released(claim: MemoryClaim): void {
    if (claim.ended) this.#drop(claim)
    if (this.#link.killed) return
    this.#rewinds.get(claim)?.()
    this.#rewinds.delete(claim)
  }

  lose(claims: readonly MemoryClaim[], cause: Error & AdapterError): void {
    this.#forget(claims, cause)
  }

  deliver(claim: MemoryClaim, deliveries: readonly MemoryDelivery[]): void {
    this.#link.push(() => this.#hand(claim, deliveries))
  }

  failed(cause: AdapterError): void {
    if (this.#failed) return
    this.#failed = true
    this.#tell(() => this.#sink.failed(cause))
  }

  noticed(notice: Notice): void {
    this.#tell(() => this.#sink.noticed(notice))
  }

  // ----------------------------------------------------------------------------------------------------- what core calls

  done(delivery: Inbound): void {
    const own = delivery as MemoryDelivery
    const { claim } = own
    if (claim.owner !== this || claim.ended || !claim.end(own)) return
    claim.source.done(own)
    claim.unstored += 1
    this.#unflushed += 1
    if (own.started) this.#link.transmit(() => claim.source.recordStarts(own, 0))
    if (this.#unflushed >= MOST_UNSTORED) this.#flush()
    else this.#disarm ??= this.#link.clock.after(this.#broker.limits.storeDelayMs, () => this.#flush())
    if (claim.source.ready > 0 && claim.usable) this.#broker.pump.wake(claim.source)
  }

  giveBack(delivery: Inbound, _delayMs: number): void {
    const own = delivery as MemoryDelivery
    const { claim } = own
    if (claim.owner !== this || claim.ended || claim.exclusive || !claim.end(own)) return
    claim.source.returning(own)
    this.#link.transmit(() => {
      if (!claim.released) claim.source.giveBack(own)
    })
  }

  rewind(claim: Claim): Promise<void> {
    const own = claim as MemoryClaim
    if (own.owner !== this || own.ended || own.released) return Promise.resolve()
    return new Promise((resolve) => {
      this.#rewinds.set(own, resolve)
      this.#surrender([own])
    })
  }

  recordStart(delivery: Inbound, starts: number): Promise<void> {
    const own = delivery as MemoryDelivery
    own.started = starts > 0
    return this.#write(own, () => own.claim.source.recordStarts(own, starts))
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    // Nothing may follow a hand-over that has begun.
    const kept = this.#stopped ? [] : this.#kept.splice(0).filter(({ claim }) => !claim.revoking)
    for (const { claim, deliveries } of kept) this.#broker.pump.call(() => this.#hand(claim, deliveries))
    for (const claim of this.#claims) this.#broker.pump.wake(claim.source)
  }

  get buffered(): { readonly messages: number; readonly bytes: number } {
    const kept = this.#kept.flatMap(({ claim, deliveries }) => (claim.ended ? [] : deliveries))
    return { messages: kept.length, bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  get unstored(): number {
    let unstored = 0
    for (const claim of this.#claims) unstored += claim.unstored
    return unstored
  }

  stored(signal: AbortSignal): Promise<void> {
    if (this.#closed) return Promise.reject(closedError())
    if (this.unstored === 0) return Promise.resolve()
    return this.#waiters.untilStored(signal, () => this.#flush())
  }

  stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true
      if (this.#joined) this.#group?.membership.changed()
    }
    return Promise.resolve()
  }

  close(signal: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(signal)
    return this.#closing
  }

  /** The adapter is closed: as if the connection had ended, with nobody left to tell. */
  abandon(): void {
    this.#closed = true
    this.#kept = []
    const cause = closedError()
    const claims = [...this.#claims]
    this.evict()
    this.#forget(claims, cause)
  }

  // -------------------------------------------------------------------------------------------------------------- inside

  async #close(signal: AbortSignal): Promise<void> {
    this.#stopped = true
    // Whether it can be stored or not, the group is left: what is not stored comes again elsewhere.
    if (this.#link.up && this.unstored > 0)
      await this.#waiters.untilStored(signal, () => this.#flush()).catch(() => undefined)
    if (this.#link.killed) return
    this.abandon()
    this.#hooks.closed(this)
  }

  #rejoin(gap: string): void {
    if (this.#joined || this.#closed || this.#failed) return
    const before = this.#group
    const group = this.#hooks.group()
    if (group === undefined) {
      const { topic } = this.request.group
      this.failed(adapterError('UNKNOWN_TOPIC', `topic "${topic}" or its group is gone: ${gap}`, { scope: 'topic' }))
      return
    }
    if (group !== before && before !== undefined) {
      const text = `${group.topic}.${group.name} was created again: what was published meanwhile is not in it (${gap})`
      this.noticed({ kind: 'group-recreated', text })
    }
    this.join(group)
  }

  #record(delivery: Inbound, failures: number): Promise<void> {
    const own = delivery as MemoryDelivery
    return this.#write(own, () => own.claim.source.recordFailures(own, failures))
  }

  /** Writes something about an open delivery; the promise goes down with its claim. */
  #write(delivery: MemoryDelivery, write: () => void): Promise<void> {
    const { claim } = delivery
    if (this.#closed) return Promise.reject(closedError())
    if (claim.owner !== this || claim.ended || !delivery.open) return Promise.reject(goneError(claim))
    return this.#waiters.add((waiter) => {
      this.#link.transmit(() => {
        if (claim.released) waiter.reject(goneError(claim))
        else {
          write()
          this.#link.push(() => waiter.resolve())
        }
      })
    })
  }

  #flush(): void {
    this.#disarm?.()
    this.#disarm = undefined
    this.#unflushed = 0
    this.#link.transmit(() => {
      for (const claim of this.#claims) this.#store(claim)
      this.#link.push(this.#waiters.stored())
    })
  }

  #hand(claim: MemoryClaim, deliveries: readonly MemoryDelivery[]): void {
    if (this.#paused || this.#stopped) this.#kept.push({ claim, deliveries })
    else if (!claim.ended && !this.#closed) this.#sink.deliver(claim, deliveries)
  }

  #store(claim: MemoryClaim): void {
    if (claim.unstored > 0 && !claim.released) claim.source.store(claim)
  }

  /** Lets go of claims on core's word, with what is done stored before. */
  #surrender(claims: readonly MemoryClaim[]): void {
    const own = claims.filter((claim) => !claim.ended)
    for (const claim of own) claim.ended = true
    this.#link.transmit(() => {
      for (const claim of own) this.#store(claim)
      this.#group?.membership.letGo(own)
    })
  }

  #forget(claims: readonly MemoryClaim[], cause: Error & AdapterError): void {
    const gone = claims.filter((claim) => !claim.ended)
    for (const claim of claims) {
      claim.ended = true
      if (claim.released) this.#drop(claim)
    }
    const announced = gone.filter((claim) => claim.announced)
    if (announced.length > 0) this.#tellLost(announced, cause)
    if (!this.#link.up || this.#closed) this.#stopWaiting(cause)
  }

  /** All that are lost by then at once: told of one alone, core would go on with the others. */
  #tellLost(claims: readonly MemoryClaim[], cause: Error & AdapterError): void {
    const isFirst = this.#untold.length === 0
    this.#untold.push(...claims)
    if (!isFirst) return
    this.#tell(() => {
      const lost = this.#untold
      this.#untold = []
      this.#sink.lost(lost, cause)
    })
  }

  #stopWaiting(cause: Error & AdapterError): void {
    this.#disarm?.()
    this.#disarm = undefined
    if (this.#link.killed) return
    const tell = this.#waiters.lost(cause)
    // A process that stands still hears of it when it goes on.
    if (this.#closed) tell()
    else this.#link.later(tell)
  }

  #drop(claim: MemoryClaim): void {
    this.#claims.delete(claim)
  }

  #tell(run: () => void): void {
    this.#link.later(() => {
      if (!this.#closed) run()
    })
  }
}

const closedError = (): Error & AdapterError => adapterError('CLOSED', 'the consumer is closed', { scope: 'group' })

const goneError = ({ partition }: Claim): Error & AdapterError =>
  adapterError('DISCONNECTED', `partition ${partition} is no longer claimed`, { scope: 'group', retryable: true })
