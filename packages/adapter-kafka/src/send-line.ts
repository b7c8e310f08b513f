import {
  adapterError,
  Deque,
  type AdapterError,
  type Cancel,
  type Clock,
  type SendBatch,
  type SendResult,
  type TimerHeap,
} from '@sluice/core/spi'
import { closedError } from './closed-error.js'
import { writeRecord } from './envelope.js'
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
}

interface Waiting {
  readonly batch: SendBatch
  readonly deadlineMs: number
  readonly cancel: Cancel
  reported: boolean
}

/** Because of one record the broker refuses the whole batch. */
const aboutOneRecord: ReadonlySet<number | undefined> = new Set([
  errorCodes.messageTooLarge,
  errorCodes.recordListTooLarge,
  errorCodes.invalidRecord,
  errorCodes.invalidTimestamp,
])

/**
 * Batches for one partition, one after the other. What becomes of a batch is known before the next is written, and the wire sees to it that
 * none that nobody knows of is stored behind a later one: so a repetition needs no session of its own.
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

  push(batch: SendBatch): void {
    const { clock, timers } = this.#options
    const one: Waiting = {
      batch,
      deadlineMs: clock.monotonic() + batch.timeoutMs,
      cancel: timers.after(batch.timeoutMs, () => this.#end(one, { kind: 'unwritten', error: tooLate() })),
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
      this.#waiting.shift()
      if (one.reported || producer === undefined) continue
      if (this.#closed) {
        this.#end(one, { kind: 'unwritten', error: closedError() })
        continue
      }
      one.cancel()
      one.reported = true
      await this.#write(producer, one)
    }
    this.#running = false
    this.#options.idle()
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
    report(one.batch, 0, one.batch.envelopes.length, result)
  }

  async #write(producer: Producer, { batch, deadlineMs }: Waiting): Promise<void> {
    const records = batch.envelopes.map(writeRecord)
    const parts: [number, number][] = [[0, records.length]]
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const [from, to] = part
      const result = await this.#send(producer, records.slice(from, to), deadlineMs)
      if (result.kind === 'stored') {
        const { baseOffset } = result
        for (let index = from; index < to; index += 1) {
          batch.report(
            index,
            baseOffset === undefined ? stored : { kind: 'stored', position: String(baseOffset + index - from) },
          )
        }
        continue
      }
      const { kind, error } = result
      if (kind === 'refused' && to - from > 1 && aboutOneRecord.has(error.code)) {
        const middle = (from + to) >> 1
        parts.push([middle, to], [from, middle])
        continue
      }
      this.#look(error)
      const reason = toAdapterError(error, { scope: 'message' })
      report(batch, from, to, { kind, error: reason })
      if (kind === 'refused') continue
      // What stands behind it must not be stored before it.
      for (const [first, end] of parts) report(batch, first, end, { kind: 'unwritten', error: reason })
      return
    }
  }

  async #send(producer: Producer, records: readonly KafkaRecord[], deadlineMs: number) {
    const leftMs = deadlineMs - this.#options.clock.monotonic()
    if (leftMs <= 0) {
      const error = new KafkaError('its time was up before it could be written', { kind: 'io', errno: 'ETIMEDOUT' })
      return { kind: 'unwritten', error } as const
    }
    return producer.send(this.#to, records, leftMs)
  }

  #look({ kind, code }: KafkaError): void {
    if (kind === 'io') this.#options.troubled()
    if (code === errorCodes.unknownTopicOrPartition) this.#options.missing()
  }
}

const stored: SendResult = Object.freeze({ kind: 'stored' })

function report(batch: SendBatch, from: number, to: number, result: SendResult): void {
  for (let index = from; index < to; index += 1) batch.report(index, result)
}

const tooLate = (): Error & AdapterError =>
  adapterError('TIMEOUT', 'its time was up before it could be written', { scope: 'message', retryable: true })
