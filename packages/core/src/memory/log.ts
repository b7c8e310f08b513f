import type { Outbound } from '../spi/envelope.js'

/** One message of a partition. */
export interface LogRecord {
  readonly offset: number
  readonly message: Outbound
  /** Broker time, monotonic, in whole ms: a fraction would cost an object for each message. */
  readonly atMs: number
}

/** A power of two: places are found with shifts. */
const SHIFT = 6
const SIZE = 1 << SHIFT

interface Chunk {
  readonly records: (LogRecord | undefined)[]
  live: number
}

/** An append-only partition in chunks, so that forgetting the oldest costs nothing per message. */
export class PartitionLog {
  #chunks: Chunk[] = []
  /** Offset of the first slot of the first chunk. */
  #base = 0
  #start = 0
  #end = 0

  /** First offset that is still there. */
  get start(): number {
    return this.#start
  }

  /** Offset of the next message. */
  get end(): number {
    return this.#end
  }

  append(message: Outbound, atMs: number): LogRecord {
    const record: LogRecord = { offset: this.#end, message, atMs: Math.floor(atMs) }
    const chunk = this.#openChunk()
    chunk.records.push(record)
    chunk.live += 1
    this.#end += 1
    return record
  }

  /** Leaves `count` offsets empty, as compaction and transaction markers do. */
  skip(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#openChunk().records.push(undefined)
      this.#end += 1
    }
  }

  /** The first message at `offset` or behind it. */
  next(offset: number): LogRecord | undefined {
    for (let at = Math.max(offset, this.#start); at < this.#end;) {
      const index = at - this.#base
      const chunk = this.#chunks[index >>> SHIFT]
      const record = chunk?.records[index & (SIZE - 1)]
      if (record !== undefined) return record
      at = chunk?.live === 0 ? at - (index % SIZE) + SIZE : at + 1
    }
    return undefined
  }

  /** Messages from `from` (inclusive) to `to` (exclusive), gaps not counted. */
  count(from: number, to: number): number {
    let count = 0
    let at = Math.max(from, this.#start)
    while (at < Math.min(to, this.#end)) {
      const index = at - this.#base
      const chunk = this.#chunks[Math.floor(index / SIZE)]
      if (index % SIZE === 0 && chunk !== undefined && at + chunk.records.length <= to) {
        count += chunk.live
        at += SIZE
      } else {
        if (chunk?.records[index % SIZE] !== undefined) count += 1
        at += 1
      }
    }
    return count
  }

  /** Takes out one message and leaves its offset empty, as compaction does. */
  drop(offset: number): void {
    const index = offset - this.#base
    const chunk = this.#chunks[index >>> SHIFT]
    if (offset < this.#start || chunk?.records[index & (SIZE - 1)] === undefined) return
    chunk.records[index & (SIZE - 1)] = undefined
    chunk.live -= 1
  }

  /** Forgets everything before `offset`. */
  trim(offset: number): void {
    this.#start = Math.min(Math.max(offset, this.#start), this.#end)
    let whole = 0
    while (whole < this.#chunks.length && this.#base + SIZE <= this.#start) {
      this.#base += SIZE
      whole += 1
    }
    if (whole > 0) this.#chunks.splice(0, whole)
    if (this.#start === this.#end && this.#chunks.length === 1) this.#clearRead()
  }

  *[Symbol.iterator](): Generator<LogRecord, void, undefined> {
    for (let record = this.next(this.#start); record !== undefined; record = this.next(record.offset + 1)) yield record
  }

  /** The open chunk stays for its numbering; what it held may go. */
  #clearRead(): void {
    const [chunk] = this.#chunks
    if (chunk === undefined) return
    chunk.records.fill(undefined)
    chunk.live = 0
  }

  #openChunk(): Chunk {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.records.length < SIZE) return last
    const chunk: Chunk = { records: [], live: 0 }
    this.#chunks.push(chunk)
    return chunk
  }
}
