import {
  adapterError,
  Deque,
  type AdapterError,
  type Cancel,
  type Clock,
  type SendResult,
  type TimerHeap,
} from '@sluice/core/spi'
import { closedError } from './closed-error.js'
import { toAdapterError } from './errors.js'
import { errorCodes } from './wire/error-codes.js'
import { KafkaError } from './wire/kafka-error.js'
import type { Producer, TopicPartition } from './wire/port.js'
import type { KafkaRecord } from './wire/records/record.js'

export interface LineOptions {
  readonly clock: Clock
  readonly timers: TimerHeap
  readonly producer: () => Promise<Producer>
  readonly troubled: () => void
  /** Nothing is left to be written. */
  readonly idle: () => void
  /** The topic is not there. */
  readonly missing: () => void
  /** When something was stored, by the clock of the broker, where it says so. */
  readonly appended: (appendedMs: number) => void
}

/** What is to be written in one piece, unless that is too large. */
export interface Writing {
  readonly count: number
  readonly bytes: number
  readonly timeoutMs: number
  /** Made when they are written. */
  records(): readonly KafkaRecord[]
  /** Once for each. */
  report(index: number, result: SendResult): void
}

interface Waiting {
  readonly writing: Writing
  readonly deadlineMs: number
  readonly cancel: Cancel
  reported: boolean
}

/** One of several that are written together. */
interface Item {
  readonly record: KafkaRecord
  readonly report: (result: SendResult) => void
}

/** What waits meanwhile goes together, as long as it is no more than this: retries and dead letters come one by one. */
const MOST_TOGETHER = { count: 1_000, bytes: 512 * 1024 } as const

/** Who has less time left goes alone. */
const HURRIED_MS = 1_000

/** Because of one record the broker refuses the whole batch. */
const aboutOneRecord: ReadonlySet<number | undefined> = new Set([
  errorCodes.messageTooLarge,
  errorCodes.recordListTooLarge,
  errorCodes.invalidRecord,
  errorCodes.invalidTimestamp,
])

/**
 * What goes to one partition, one batch after the other. What becomes of a batch is known before the next is written, and the wire sees to it
 * that none that nobody knows of is stored behind a later one: so a repetition needs no session of its own.
 */
export class SendLine {
  readonly #to: TopicPartition
  readonly #options: LineOptions
  readonly #waiting = new Deque<Waiting>()
  #running = false
  #closed = false

  constructor(to: TopicPartition, options: LineOptions) {
    this.#to = to
    this.#options = options
  }

  push(writing: Writing): void {
    const { clock, timers } = this.#options
    const { timeoutMs } = writing
    const one: Waiting = {
      writing,
      deadlineMs: clock.monotonic() + timeoutMs,
      cancel: timers.after(timeoutMs, () => this.#end(one, { kind: 'unwritten', error: tooLate() })),
      reported: false,
    }
    this.#waiting.push(one)
    if (!this.#running) void this.#run()
  }

  close(): void {
    this.#closed = true
    for (const one of this.#waiting) {
      queueMicrotask(() => this.#end(one, { kind: 'unwritten', error: closedError() }))
    }
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let one = this.#waiting.peek(); one !== undefined; one = this.#waiting.peek()) {
      const producer = await this.#producerFor(one)
      const together = this.#take(producer !== undefined)
      if (producer === undefined || together.length === 0) continue
      let deadlineMs = Infinity
      const items: Item[] = []
      for (const { writing, deadlineMs: ownMs } of together) {
        deadlineMs = Math.min(deadlineMs, ownMs)
        let index = 0
        for (const record of writing.records()) {
          const at = index++
          items.push({ record, report: (result) => writing.report(at, result) })
        }
      }
      await this.#write(producer, items, deadlineMs)
    }
    this.#running = false
    this.#options.idle()
  }

  /** The first, and, if it is to be written, those behind it that go along. */
  #take(all: boolean): readonly Waiting[] {
    const together: Waiting[] = []
    let count = 0
    let bytes = 0
    for (let one = this.#waiting.peek(); one !== undefined; one = this.#waiting.peek()) {
      const { writing } = one
      const fits = count + writing.count <= MOST_TOGETHER.count && bytes + writing.bytes <= MOST_TOGETHER.bytes
      // Together they have the time of the one that has least.
      const [first] = together
      if (first !== undefined && (!fits || this.#isHurried(first) || this.#isHurried(one))) break
      this.#waiting.shift()
      if (this.#closed) this.#end(one, { kind: 'unwritten', error: closedError() })
      if (!one.reported) {
        one.cancel()
        one.reported = true
        together.push(one)
        count += writing.count
        bytes += writing.bytes
      }
      if (!all) break
    }
    return together
  }

  #isHurried({ deadlineMs }: Waiting): boolean {
    return deadlineMs - this.#options.clock.monotonic() < HURRIED_MS
  }

  async #producerFor(one: Waiting): Promise<Producer | undefined> {
    try {
      return await this.#options.producer()
    } catch (error) {
      this.#options.troubled()
      this.#end(one, { kind: 'unwritten', error: toAdapterError(error, { scope: 'message' }) })
      return undefined
    }
  }

  /** Of one that was not written. */
  #end(one: Waiting, result: SendResult): void {
    if (one.reported) return
    one.reported = true
    one.cancel()
    for (let index = 0; index < one.writing.count; index += 1) one.writing.report(index, result)
  }

  async #write(producer: Producer, items: readonly Item[], deadlineMs: number): Promise<void> {
    const parts: (readonly Item[])[] = [items]
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const result = await this.#send(producer, part, deadlineMs)
      if (result.kind === 'stored') {
        const { baseOffset, appendedMs } = result
        if (appendedMs !== undefined) this.#options.appended(appendedMs)
        let index = 0
        for (const { report } of part) {
          const at = index++
          report(baseOffset === undefined ? stored : { kind: 'stored', position: String(baseOffset + at) })
        }
        continue
      }
      const { kind, error } = result
      if (kind === 'refused' && part.length > 1 && aboutOneRecord.has(error.code)) {
        const middle = part.length >> 1
        parts.push(part.slice(middle), part.slice(0, middle))
        continue
      }
      this.#look(error)
      const reason = toAdapterError(error, { scope: 'message' })
      for (const { report } of part) report({ kind, error: reason })
      if (kind === 'refused') continue
      // What stands behind it must not be stored before it.
      for (const { report } of parts.flat()) report({ kind: 'unwritten', error: reason })
      return
    }
  }

  async #send(producer: Producer, items: readonly Item[], deadlineMs: number) {
    const leftMs = deadlineMs - this.#options.clock.monotonic()
    if (leftMs <= 0) {
      const error = new KafkaError('its time was up before it could be written', { kind: 'io', errno: 'ETIMEDOUT' })
      return { kind: 'unwritten', error } as const
    }
    const records = items.map(({ record }) => record)
    return producer.send(this.#to, records, leftMs)
  }

  #look({ kind, code }: KafkaError): void {
    if (kind === 'io') this.#options.troubled()
    if (code === errorCodes.unknownTopicOrPartition) this.#options.missing()
  }
}

const stored: SendResult = Object.freeze({ kind: 'stored' })

const tooLate = (): Error & AdapterError =>
  adapterError('TIMEOUT', 'its time was up before it could be written', { scope: 'message', retryable: true })
