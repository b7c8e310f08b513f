import { Deque } from '@sluice/core/spi'
import { waitAt } from './delay-levels.js'
import { type Delayed, withoutDelay } from './delayed-record.js'
import type { Progress } from './settle.js'
import type { FetchedRecords, GroupOffset, TopicPartition } from './wire/port.js'
import { recordBytes } from './wire/records/encode-batch.js'
import type { FetchedRecord } from './wire/records/record.js'

/** A message that has waited long enough at its level. */
export interface Due extends Delayed {
  readonly offset: number
  readonly bytes: number
  /** By the clock of the broker. */
  readonly storedMs: number
}

/** What is fetched and waits; more stays at the broker. */
const MOST_BYTES = 256 * 1024
/** Moved on in one go. */
const MOST_DUE = { count: 500, bytes: 512 * 1024 } as const

/** One level as this process reads it: what waits there in the order in which it came, and up to where all has moved on. */
export class DelayLevel implements Progress {
  readonly at: TopicPartition
  readonly #waiting = new Deque<FetchedRecord>()
  #waitingBytes = 0
  /** Of the first that has not moved on. */
  #offset: number
  /** Behind the last that was fetched. */
  #next: number
  version = 0
  storedVersion = 0
  unstored = 0
  paused = false

  constructor(at: TopicPartition, offset: number) {
    this.at = at
    this.#offset = offset
    this.#next = offset
  }

  get next(): number {
    return this.#next
  }

  get isFull(): boolean {
    return this.#waitingBytes >= MOST_BYTES
  }

  get isLow(): boolean {
    return this.#waitingBytes <= MOST_BYTES >> 1
  }

  fetched({ records, next }: FetchedRecords): void {
    for (const record of records) {
      this.#waiting.push(copyOf(record))
      this.#waitingBytes += recordBytes(record)
    }
    this.#next = next
    this.#passMarks()
  }

  /** When the first is due, by the clock of the broker; `undefined`: nothing waits. */
  get dueMs(): number | undefined {
    const first = this.#waiting.peek()
    const found = first === undefined ? undefined : withoutDelay(first)
    return first === undefined || found === undefined ? undefined : this.#dueOf(first, found.delay)
  }

  /** Those that are due. They stay the first until they have {@link moved}. */
  due(nowMs: number): readonly Due[] {
    const due: Due[] = []
    let sum = 0
    for (const waiting of this.#waiting) {
      const found = withoutDelay(waiting)
      // A time mark goes with those before it.
      if (found === undefined) continue
      const bytes = recordBytes(waiting)
      const isMore = due.length === MOST_DUE.count || (due.length > 0 && sum + bytes > MOST_DUE.bytes)
      if (isMore || this.#dueOf(waiting, found.delay) > nowMs) break
      due.push({ offset: waiting.offset, bytes, ...found, storedMs: waiting.timestampMs })
      sum += bytes
    }
    return due
  }

  /** Everything before `offset` is stored elsewhere. Returns how many that were. */
  moved(offset: number): number {
    let count = 0
    for (let first = this.#waiting.peek(); first !== undefined && first.offset < offset; first = this.#waiting.peek()) {
      this.#shift(first)
      count += 1
    }
    this.#reach(offset)
    this.#passMarks()
    this.unstored += count
    return count
  }

  /** What lies before `target` is gone. */
  jump(target: number): void {
    this.#next = Math.max(this.#next, target)
    this.#passMarks()
  }

  snapshot(): GroupOffset {
    return { ...this.at, offset: this.#offset, metadata: '' }
  }

  /** One ms more than is left, because the broker counts whole ones. */
  #dueOf(record: FetchedRecord, { leftMs }: Delayed['delay']): number {
    return record.timestampMs + waitAt(this.at.partition, leftMs) + 1
  }

  #shift(first: FetchedRecord): void {
    this.#waiting.shift()
    this.#waitingBytes -= recordBytes(first)
  }

  #reach(offset: number): void {
    if (offset <= this.#offset) return
    this.#offset = offset
    this.version += 1
  }

  /** And gaps. */
  #passMarks(): void {
    for (let first = this.#waiting.peek(); first !== undefined; first = this.#waiting.peek()) {
      if (withoutDelay(first) !== undefined) return
      this.#shift(first)
      this.#reach(first.offset + 1)
    }
    this.#reach(this.#next)
  }
}

/** What waits for long would keep the whole answer that it came in. */
function copyOf({ key, value, headers, offset, timestampMs }: FetchedRecord): FetchedRecord {
  const copy = (bytes: Uint8Array | null): Uint8Array | null => (bytes === null ? null : Buffer.from(bytes))
  return {
    ...{ key: copy(key), value: copy(value), offset, timestampMs },
    headers: headers.map(([name, bytes]) => [name, copy(bytes)] as const),
  }
}
