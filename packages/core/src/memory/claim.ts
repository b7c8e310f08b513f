import type { PrefixTracker } from '../kit/prefix-tracker.js'
import type { HeaderList } from '../model/headers.js'
import type { Claim, ConsumeRequest, Notice } from '../spi/consuming.js'
import type { Inbound, Outbound } from '../spi/envelope.js'
import type { AdapterError } from '../spi/adapter-error.js'
import type { Entry } from './group-queue.js'
import type { Fillable } from './pump.js'

/** The consumer that a claim belongs to, as the broker sees it. */
export interface ClaimOwner {
  readonly clientName: string
  readonly request: ConsumeRequest
  /** Limit in bytes, `Infinity` where the adapter cannot bound them. */
  readonly windowBytes: number
  /** Whether deliveries can reach it now. */
  readonly receiving: boolean
  deliver(claim: MemoryClaim, deliveries: readonly MemoryDelivery[]): void
  /** The position of the claim's partition is gone, and the request says to ask a person. */
  failed(cause: AdapterError): void
  noticed(notice: Notice): void
}

/** Where the messages of one partition of one group come from. */
export interface Source extends Fillable {
  readonly partition: number
  /** Messages for which nobody has to wait. */
  readonly ready: number
  /** Whether its messages have positions. */
  readonly numbered: boolean
  attach(claim: MemoryClaim): void
  /** The claim is over. What it was handed and the broker does not know as done comes again. */
  detach(claim: MemoryClaim): void
  /** The consumer has ended a delivery of a live claim. */
  done(delivery: MemoryDelivery): void
  /** What the claim's consumer has done so far is durable from now on. */
  store(claim: MemoryClaim): void
  /** One delivery is about to go back alone. Until the broker knows, it belongs to the claim. */
  returning(delivery: MemoryDelivery): void
  /** It goes back to its place. */
  giveBack(delivery: MemoryDelivery): void
  recordFailures(delivery: MemoryDelivery, failures: number): void
  recordStarts(delivery: MemoryDelivery, starts: number): void
}

/** The right of one consumer to one partition, for one epoch. */
export class MemoryClaim implements Claim {
  readonly partition: number
  readonly epoch: number
  readonly exclusive: boolean
  readonly holdMs: number
  readonly #owner: ClaimOwner
  readonly #source: Source
  /** The consumer was told. */
  announced = false
  /** The consumer was asked to let go; nothing more is handed over. */
  revoking = false
  /** For the consumer it is over: later ends of its deliveries are dropped. */
  ended = false
  /** For the broker it is over. */
  released = false
  /** Deliveries handed over and not ended. */
  open = 0
  openBytes = 0
  /** Ended and not yet stored. */
  unstored = 0
  /** Of a queue: what was ended and is not yet stored. */
  finished: Entry[] = []
  /** Of a log: offsets that were ended while one before them was open, and are not yet stored. */
  finishedAhead: number[] = []
  /** Of a queue: on their way back alone. */
  readonly returning: Set<Entry> = new Set()
  /** Of a log: where reading goes on, and what of the read is done. */
  cursor = 0
  tracker: PrefixTracker<number> | undefined
  #oldest: MemoryDelivery | undefined
  #newest: MemoryDelivery | undefined

  constructor(owner: ClaimOwner, source: Source, epoch: number, exclusive: boolean, holdMs: number) {
    this.partition = source.partition
    this.epoch = epoch
    this.exclusive = exclusive
    this.holdMs = holdMs
    this.#owner = owner
    this.#source = source
  }

  get owner(): ClaimOwner {
    return this.#owner
  }

  get source(): Source {
    return this.#source
  }

  /** The open delivery that was handed over first. */
  get oldest(): MemoryDelivery | undefined {
    return this.#oldest
  }

  get usable(): boolean {
    return this.announced && !this.revoking && !this.ended && !this.released && this.#owner.receiving
  }

  /** Whether `bytes` more may be handed over. The first of all always may: it could never be handed over else. */
  hasRoom(bytes: number): boolean {
    if (this.open === 0) return true
    return this.open < this.#owner.request.window.messages && this.openBytes + bytes <= this.#owner.windowBytes
  }

  add(delivery: MemoryDelivery): void {
    delivery.previous = this.#newest
    if (this.#newest === undefined) this.#oldest = delivery
    else this.#newest.next = delivery
    this.#newest = delivery
    this.open += 1
    this.openBytes += delivery.bytes
  }

  /** Takes a delivery out of the open ones; false when it was out already. */
  end(delivery: MemoryDelivery): boolean {
    if (!delivery.open) return false
    delivery.open = false
    const { previous, next } = delivery
    if (previous === undefined) this.#oldest = next
    else previous.next = next
    if (next === undefined) this.#newest = previous
    else next.previous = previous
    delivery.previous = undefined
    delivery.next = undefined
    this.open -= 1
    this.openBytes -= delivery.bytes
    return true
  }

  /** Open deliveries in the order they were handed over. */
  *deliveries(): Generator<MemoryDelivery, void, undefined> {
    for (let delivery = this.#oldest; delivery !== undefined; delivery = delivery.next) yield delivery
  }
}

/** What the broker knows of a message when it hands it over. */
export interface Past {
  readonly failures: number
  readonly handovers: number
  readonly starts: number
}

/** One hand-over of one message. */
export class MemoryDelivery implements Inbound {
  readonly claim: MemoryClaim
  readonly failures: number
  readonly handovers: number
  readonly starts: number
  core: unknown = undefined
  /** Its entry in a queue, or in the area of a log that is for one group. */
  entry: Entry | undefined = undefined
  /** Its offset in a log, -1 if it has none. */
  offset = -1
  /** Its handle in the tracker of the claim, -1 if it has none. */
  handle = -1
  /** Broker time, monotonic, in whole ms: a fraction would cost an object for each delivery. */
  readonly atMs: number
  open = true
  /** Starts are on record that `done` has to take back. */
  started: boolean
  previous: MemoryDelivery | undefined = undefined
  next: MemoryDelivery | undefined = undefined
  readonly #message: Outbound

  constructor(claim: MemoryClaim, message: Outbound, past: Past, nowMs: number) {
    this.claim = claim
    this.#message = message
    this.failures = past.failures
    this.handovers = past.handovers
    this.starts = past.starts
    this.started = past.starts > 0
    this.atMs = Math.ceil(nowMs)
  }

  /** A queue has none; in a log the messages for one group have numbers of their own. */
  get position(): string | undefined {
    if (this.offset >= 0) return String(this.offset)
    return this.claim.source.numbered ? `g${this.entry?.sequence}` : undefined
  }

  get id(): string | undefined {
    // A foreign producer may write none.
    return this.#message.id === '' ? undefined : this.#message.id
  }

  get key(): Uint8Array | null {
    return this.#message.key
  }

  get body(): Uint8Array | null {
    return this.#message.body
  }

  get text(): string | undefined {
    return this.#message.text
  }

  get type(): string | undefined {
    return this.#message.type
  }

  get correlationId(): string | undefined {
    return this.#message.correlationId
  }

  get headers(): HeaderList {
    return this.#message.headers
  }

  get bytes(): number {
    return this.#message.bytes
  }

  get contentType(): string {
    return this.#message.contentType
  }

  get timestampMs(): number {
    return this.#message.timestampMs
  }
}
