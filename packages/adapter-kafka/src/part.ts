import { Deque, PrefixTracker } from '@sluice/core/spi'
import { writeCheckpoint, type Checkpoint, type OffsetRun } from './checkpoint.js'
import { HandoverCount } from './handover-count.js'
import type { FetchedRecords, GroupOffset, TopicPartition } from './wire/port.js'
import type { FetchedRecord } from './wire/records/record.js'

/** So much lies between the oldest open message and the newest at most; more waits, so that what is done ahead stays bounded. */
const LONGEST_SPAN = 65_536
/** What is stored of them: more have no room in a commit anyway. */
const MOST_RUNS = 2_048
/** Fetched and not handed over: from here on nothing more is fetched. */
const MOST_BUFFERED_BYTES = 512 * 1024

/** One partition as one claim of the group reads it: what is fetched, handed over, done, and what of that is stored. */
export class Part {
  readonly at: TopicPartition
  /** It holds what is for this group alone. */
  readonly isOwn: boolean
  readonly failures: Map<number, number>
  readonly starts: Map<number, number>
  readonly handovers: HandoverCount
  readonly #mostBuffered: number
  readonly #buffer = new Deque<FetchedRecord>()
  #bufferedBytes = 0
  #tracker = new PrefixTracker<number>()
  /** Done before, in order; those before the cursor are in the tracker. */
  #ahead: readonly OffsetRun[]
  /** Behind the last that was handed over. */
  #cursor: number
  /** Behind the last that was fetched. */
  #next: number
  /** Grows with each change of what has to be stored. */
  version = 0
  storedVersion = 0
  /** Done, and not known to be stored. */
  unstored = 0
  /** Whether it is stored that this claim is going to hand over: before that nothing is. */
  covered: 'no' | 'asked' | 'yes' = 'no'
  fetchPaused = false

  constructor(at: TopicPartition, isOwn: boolean, offset: number, checkpoint: Checkpoint, mostBuffered: number) {
    this.at = at
    this.isOwn = isOwn
    this.failures = new Map(checkpoint.failures)
    this.starts = new Map(checkpoint.starts)
    this.handovers = new HandoverCount(checkpoint.reached)
    this.#ahead = checkpoint.ahead
    this.#cursor = offset
    this.#next = offset
    this.#mostBuffered = mostBuffered
  }

  /** Where reading goes on. */
  get next(): number {
    return this.#next
  }

  /** Of the oldest that is not done. */
  get offset(): number {
    return this.#tracker.oldestOpen ?? this.#cursor
  }

  get buffered(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#buffer.length, bytes: this.#bufferedBytes }
  }

  get isFull(): boolean {
    return this.#buffer.length >= this.#mostBuffered || this.#bufferedBytes >= MOST_BUFFERED_BYTES
  }

  get isLow(): boolean {
    return this.#buffer.length <= this.#mostBuffered >> 1 && this.#bufferedBytes <= MOST_BUFFERED_BYTES >> 1
  }

  fetched({ records, next }: FetchedRecords): void {
    for (const record of records) {
      this.#buffer.push(record)
      this.#bufferedBytes += sizeOf(record)
    }
    this.#next = next
    this.#passGap()
  }

  /** The next to be handed over; what was done before is passed over. */
  peek(nowMs: number): FetchedRecord | undefined {
    for (let record = this.#buffer.peek(); record !== undefined; record = this.#buffer.peek()) {
      if (this.#tracker.open + this.#tracker.ahead >= LONGEST_SPAN) return undefined
      if (!this.#isDone(record.offset)) return record
      this.#tracker.done(this.take(record, nowMs))
      this.version += 1
    }
    return undefined
  }

  /** Takes the one of {@link peek}; returns its handle. */
  take(record: FetchedRecord, nowMs: number): number {
    this.#buffer.shift()
    this.#bufferedBytes -= sizeOf(record)
    this.#cursor = record.offset + 1
    const handle = this.#tracker.append(record.offset, nowMs)
    this.#passGap()
    return handle
  }

  done(handle: number, offset: number): void {
    this.#tracker.done(handle)
    this.failures.delete(offset)
    this.starts.delete(offset)
    this.unstored += 1
    this.version += 1
  }

  /** What lies before `target` is gone: as if it were done, or a successor would look for it again. Returns how many that were open to this group. */
  jump(target: number, nowMs: number): number {
    let lost = target - this.#next
    for (const { first, last } of this.#ahead)
      lost -= Math.max(0, Math.min(last + 1, target) - Math.max(first, this.#next))
    if (target > this.#next) {
      // Behind what is fetched already and still waits.
      if (this.#buffer.length === 0) {
        this.#tracker.done(this.#tracker.append(target - 1, nowMs))
        this.#cursor = target
      }
      this.#next = target
      this.version += 1
    }
    return Math.max(0, lost)
  }

  /** Nothing more is handed over. */
  clear(): void {
    this.#buffer.clear()
    this.#bufferedBytes = 0
    this.#next = this.#cursor
  }

  /** A new claim begins where this one has got to. */
  restart(): void {
    const { offset } = this
    this.#ahead = this.#runs(offset)
    this.handovers.next()
    this.#buffer.clear()
    this.#bufferedBytes = 0
    this.#tracker = new PrefixTracker<number>()
    this.#cursor = offset
    this.#next = offset
    this.covered = 'no'
    this.version += 1
  }

  /** That all which is fetched is going to be handed over. */
  cover(): void {
    this.covered = 'asked'
    this.handovers.reach(this.#next)
    this.version += 1
  }

  /** To be stored. */
  snapshot(): GroupOffset {
    const { offset, failures, starts, handovers } = this
    if (this.covered !== 'no') handovers.reach(this.#cursor)
    handovers.forgetBefore(offset)
    // Of what retention has taken nobody asks any more, and it could not be written down.
    for (const counts of [failures, starts]) for (const at of counts.keys()) if (at < offset) counts.delete(at)
    const reached = handovers.reached(offset)
    return {
      ...this.at,
      offset,
      metadata: writeCheckpoint(offset, { ahead: this.#runs(offset), failures, starts, reached }),
    }
  }

  #runs(offset: number): readonly OffsetRun[] {
    const behind = this.#ahead.filter(({ last }) => last >= this.#cursor)
    const [first, ...others] = behind
    const later =
      first === undefined ? [] : [{ first: Math.max(first.first, this.#cursor), last: first.last }, ...others]
    return [...this.#tracker.aheadRanges(MOST_RUNS), ...later].filter(({ last }) => last >= offset)
  }

  #isDone(offset: number): boolean {
    while ((this.#ahead[0]?.last ?? Infinity) < offset) this.#ahead = this.#ahead.slice(1)
    const [run] = this.#ahead
    return run !== undefined && run.first <= offset
  }

  /** Marks of transactions and gaps belong to nobody. */
  #passGap(): void {
    if (this.#buffer.length > 0 || this.#cursor === this.#next) return
    this.#cursor = this.#next
    this.version += 1
  }
}

const sizeOf = ({ key, value }: FetchedRecord): number => 64 + (key?.length ?? 0) + (value?.length ?? 0)
