import { Deque } from '../kit/deque.js'
import { TimerQueue } from '../kit/timer-queue.js'
import type { TimerHeap } from '../kit/timer-heap.js'
import type { Cancel, Clock } from '../model/clock.js'
import type { Outbound } from '../spi/envelope.js'

/** One message in the queue of one group. */
export interface Entry {
  readonly message: Outbound
  /** Place in the queue. What comes back goes to its old place. */
  readonly sequence: number
  /** Broker time, monotonic, in whole ms: a fraction would cost an object for each message. */
  readonly atMs: number
  handovers: number
  failures: number
  starts: number
}

interface Delayed {
  readonly message: Outbound
  readonly atMs: number
}

/** Where a queue has its time from. */
export interface QueueTime {
  readonly clock: Clock
  readonly timers: TimerHeap
}

/**
 * Messages of one group and partition that are addressed to it: in order, with those that came back first, and beside them
 * those whose delay has not passed.
 */
export class GroupQueue {
  readonly #time: QueueTime
  readonly #ready = new Deque<Entry>()
  /** Those that came back, last place first, so that the first is taken from the end. */
  readonly #returned: Entry[] = []
  readonly #delays = new TimerQueue()
  readonly #delayed = new Set<Delayed>()
  #onDue: (() => void) | undefined
  #disarm: Cancel | undefined
  #armedFor = Infinity
  #sequence = 0

  constructor(time: QueueTime) {
    this.#time = time
  }

  /** Messages that can be handed over now, as far as is known without looking at the clock. */
  get length(): number {
    return this.#ready.length + this.#returned.length
  }

  /** Messages whose delay has not passed. */
  get delayed(): number {
    return this.#delayed.size
  }

  push(message: Outbound, atMs: number): void {
    const at = Math.floor(atMs)
    const entry: Entry = { message, sequence: this.#sequence, atMs: at, handovers: 0, failures: 0, starts: 0 }
    this.#sequence += 1
    this.#ready.push(entry)
  }

  /** Adds behind the last once `delayMs` have passed. */
  pushLater(message: Outbound, atMs: number, delayMs: number): void {
    const delayed: Delayed = { message, atMs }
    this.#delayed.add(delayed)
    this.#delays.add(atMs + delayMs, () => {
      this.#delayed.delete(delayed)
      this.push(message, atMs)
    })
    this.#arm()
  }

  /** Moves what is due behind the last. */
  promote(): void {
    const first = this.#delays.peek()
    if (first === undefined) return
    const now = this.#time.clock.monotonic()
    for (let next = this.#delays.peek(); next !== undefined && next.due <= now; next = this.#delays.peek()) {
      this.#delays.remove(next)
      next.run()
    }
  }

  peek(): Entry | undefined {
    return this.#returned.at(-1) ?? this.#ready.peek()
  }

  shift(): Entry | undefined {
    return this.#returned.pop() ?? this.#ready.shift()
  }

  /** Back to their old places: before everything that was never taken. */
  putBack(entries: readonly Entry[]): void {
    for (const entry of entries) this.#returned.push(entry)
    this.#returned.sort((a, b) => b.sequence - a.sequence)
  }

  /**
   * Calls `onDue` when a delay has passed. Without anybody to hand a message to no timer runs: delays that nobody waits
   * for must not keep the process alive.
   */
  watch(onDue: (() => void) | undefined): void {
    this.#onDue = onDue
    this.#arm()
  }

  /** In the order in which they will be handed over; delayed ones last. */
  *messages(): Generator<{ readonly message: Outbound; readonly atMs: number }, void, undefined> {
    yield* this.#returned.toReversed()
    yield* this.#ready
    yield* this.#delayed
  }

  #arm(): void {
    const first = this.#onDue === undefined ? undefined : this.#delays.peek()
    if (first !== undefined && this.#disarm !== undefined && first.due >= this.#armedFor) return
    this.#disarm?.()
    this.#disarm = undefined
    this.#armedFor = Infinity
    if (first === undefined) return
    this.#armedFor = first.due
    this.#disarm = this.#time.timers.after(first.due - this.#time.clock.monotonic(), () => {
      this.#disarm = undefined
      this.promote()
      this.#arm()
      this.#onDue?.()
    })
  }
}
