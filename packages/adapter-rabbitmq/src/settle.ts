import { PrefixTracker, type Cancel, type Clock } from '@sluice/core/spi'
import type { WireChannel } from './wire/port.js'

/** An acknowledgement is sent when so many deliveries are done … */
const MOST_WAITING = 64
/** … or so many milliseconds after the first of them. */
const FLUSH_MS = 5
/** How long what is done waits for an earlier one that is not: in the usual case both go in one frame. */
const PATIENCE_MS = 50
/**
 * Single frames in one go, acknowledgements and what goes back together. A quorum queue forgets acknowledgements of a closing channel when more
 * than 32 of either are on their way.
 */
const MOST_SINGLES = 16

/** Goes back to the queue alone; without a handle when it was not handed over. */
interface Returned {
  readonly handle: number | undefined
  readonly tag: number
}

/**
 * Acknowledges what is done on one channel: everything up to the first that is open in one frame, and what is done behind it one by one,
 * a few at a time. Its tags mean nothing on another channel, so each channel has its own.
 */
export class Settler {
  readonly #clock: Clock
  readonly #channel: WireChannel
  readonly #tracker = new PrefixTracker<number>()
  #waiting = 0
  #timer: Cancel | undefined
  #dueMs = 0
  /** Still to be sent. Open until then, so that no frame about all up to a later one settles them. */
  #returns: Returned[] = []
  #lastSinglesMs = -Infinity
  #ended = false
  /** Told when everything that is done has been sent. */
  #whenFlushed: (() => void)[] = []

  constructor(clock: Clock, channel: WireChannel) {
    this.#clock = clock
    this.#channel = channel
  }

  /** Handed over and not settled. */
  get open(): number {
    return this.#tracker.open
  }

  /** Done, and not sent to the broker. */
  get unstored(): number {
    return this.#waiting
  }

  /** Returns the handle of a delivery. */
  add(tag: number, nowMs: number): number {
    return this.#tracker.append(tag, nowMs)
  }

  done(handle: number): void {
    if (this.#ended) return
    const grown = this.#tracker.done(handle)
    this.#waiting += 1
    if (this.#waiting >= MOST_WAITING && this.#tracker.ahead === 0) this.#flush()
    else this.#arm(grown ? FLUSH_MS : this.#patienceMs())
  }

  /** One delivery goes back to the queue alone: at once, or when it is the turn of many. */
  giveBack(handle: number, tag: number): void {
    this.#return({ handle, tag })
  }

  /** The same of one that was not added. */
  giveBackUnadded(tag: number): void {
    this.#return({ handle: undefined, tag })
  }

  /** Resolves when all that was done before was sent; never rejects, and at once on a channel that has ended. */
  flushed(): Promise<void> {
    if (this.#ended || this.#waiting === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenFlushed.push(resolve)
      this.#flush()
    })
  }

  /** The channel has ended: what was not sent comes again. */
  end(): void {
    this.#ended = true
    this.#waiting = 0
    this.#returns = []
    this.#timer?.()
    this.#timer = undefined
    this.#tell()
  }

  #return(one: Returned): void {
    if (this.#ended) return
    this.#returns.push(one)
    if (this.#clock.monotonic() - this.#lastSinglesMs >= FLUSH_MS) this.#flush()
    else this.#arm(FLUSH_MS)
  }

  #arm(ms: number): void {
    const dueMs = this.#clock.monotonic() + ms
    if (this.#timer !== undefined) {
      if (this.#dueMs <= dueMs) return
      this.#timer()
    }
    this.#dueMs = dueMs
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined
      this.#flush()
    })
  }

  /** What is left of the time that the oldest open one has to end; between two lots of single frames at least one pause. */
  #patienceMs(): number {
    const since = this.#tracker.oldestOpenSince ?? 0
    return Math.max(FLUSH_MS, since + PATIENCE_MS - this.#clock.monotonic())
  }

  #flush(): void {
    if (this.#ended) return
    this.#sendPrefix()
    const isDue = this.#whenFlushed.length > 0 || this.#patienceMs() === FLUSH_MS
    const ahead = isDue && this.#tracker.untakenAhead > 0 ? this.#tracker.takeAhead(MOST_SINGLES) : []
    for (const tag of ahead) this.#channel.ack(tag, false)
    const returned = this.#returns.splice(0, MOST_SINGLES - ahead.length)
    for (const { handle, tag } of returned) {
      this.#channel.reject(tag, true)
      if (handle !== undefined) this.#tracker.drop(handle)
    }
    if (returned.length > 0) this.#sendPrefix()
    if (ahead.length + returned.length > 0) this.#lastSinglesMs = this.#clock.monotonic()
    this.#waiting = this.#tracker.untakenAhead
    if (this.#waiting === 0) this.#tell()
    if (this.#returns.length > 0 || this.#whenFlushed.length > 0) this.#arm(FLUSH_MS)
    else if (this.#waiting > 0) this.#arm(this.#patienceMs())
  }

  #sendPrefix(): void {
    const prefix = this.#tracker.takePrefix()
    if (prefix !== undefined) this.#channel.ack(prefix, true)
  }

  #tell(): void {
    const resolvers = this.#whenFlushed
    this.#whenFlushed = []
    for (const resolve of resolvers) resolve()
  }
}
