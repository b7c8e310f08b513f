import {
  adapterError,
  type AdapterContext,
  type AdapterError,
  type Destination,
  type SendBatch,
  type SendResult,
  type TimerHeap,
} from '@sluice/core/spi'
import type { BrokerTime } from './broker-time.js'
import { closedError } from './closed-error.js'
import { levelOf, longestDelayMs } from './delay-levels.js'
import { withDelay } from './delayed-record.js'
import { writeRecord } from './envelope.js'
import { deadLetterTopicOf, delayTopicOf, retryTopicOf } from './names.js'
import { SendLine, type Writing } from './send-line.js'
import { partitionKey } from './wire/partitions.js'
import type { KafkaCluster, Producer, TopicPartition } from './wire/port.js'
import type { KafkaRecord } from './wire/records/record.js'

export interface SenderOptions {
  readonly cluster: KafkaCluster
  readonly context: AdapterContext
  readonly timers: TimerHeap
  readonly time: BrokerTime
  /** Something has failed on the way to the cluster. */
  readonly troubled: () => void
}

/** Writes what goes to one partition batch by batch, different partitions beside each other, and reports each message once. */
export class Sender {
  readonly #options: SenderOptions
  readonly #lines = new Map<string, SendLine>()
  #producer: Promise<Producer> | undefined
  #closed = false

  constructor(options: SenderOptions) {
    this.#options = options
  }

  send(batch: SendBatch): void {
    const { destination, partition, envelopes, timeoutMs } = batch
    const report = (index: number, result: SendResult): void => batch.report(index, result)
    const delayMs = destination.to === 'group' ? (destination.delayMs ?? 0) : 0
    if (delayMs > longestDelayMs) {
      const result: SendResult = { kind: 'refused', error: tooLong(delayMs) }
      queueMicrotask(() => envelopes.forEach((_, index) => report(index, result)))
      return
    }
    let bytes = 0
    for (const envelope of envelopes) bytes += envelope.bytes
    const records = (): readonly KafkaRecord[] =>
      delayMs > 0
        ? envelopes.map((one) =>
            withDelay(writeRecord(one), { leftMs: delayMs, partition, timestampMs: one.timestampMs }),
          )
        : envelopes.map(writeRecord)
    const home = destination.to === 'topic' ? destination.topic : destination.group.topic
    this.write(targetOf(destination, partition), home, { count: envelopes.length, bytes, timeoutMs, records, report })
  }

  /** `home` is the topic of the application that it belongs to. */
  write(to: TopicPartition, home: string, writing: Writing): void {
    if (!this.#closed) {
      this.#lineOf(to, home).push(writing)
      return
    }
    queueMicrotask(() => {
      for (let index = 0; index < writing.count; index += 1)
        writing.report(index, { kind: 'unwritten', error: closedError() })
    })
  }

  /** What is under way ends with the cluster; what waits is reported at once. */
  close(): void {
    this.#closed = true
    for (const line of this.#lines.values()) line.close()
  }

  #lineOf(to: TopicPartition, home: string): SendLine {
    const key = partitionKey(to)
    let line = this.#lines.get(key)
    if (line === undefined) {
      const { timers, context, troubled, time } = this.#options
      const producer = (): Promise<Producer> => this.#identified()
      const idle = (): void => void this.#lines.delete(key)
      const missing = (): void => context.routeChanged(home)
      const appended = (appendedMs: number): void => time.heard(appendedMs)
      line = new SendLine(to, { clock: context.clock, timers, producer, troubled, idle, missing, appended })
      this.#lines.set(key, line)
    }
    return line
  }

  /** One identity for all partitions; the wire keeps their numbers apart. */
  #identified(): Promise<Producer> {
    if (this.#producer === undefined) {
      const producer = this.#options.cluster.producer()
      this.#producer = producer
      producer.catch(() => {
        this.#producer = undefined
      })
    }
    return this.#producer
  }
}

/** Where it lies at the broker. Dead letters of all partitions lie in one, so that they can be read in their order. */
function targetOf(destination: Destination, partition: number): TopicPartition {
  if (destination.to === 'topic') return { topic: destination.topic, partition }
  const { to, group } = destination
  if (to === 'dead-letter') return { topic: deadLetterTopicOf(group), partition: 0 }
  const { delayMs = 0 } = destination
  return delayMs > 0
    ? { topic: delayTopicOf(group), partition: levelOf(delayMs) }
    : { topic: retryTopicOf(group), partition }
}

const tooLong = (delayMs: number): Error & AdapterError =>
  adapterError('UNSUPPORTED', `a delay of ${delayMs} ms is longer than ${longestDelayMs} ms, the longest here`, {
    scope: 'message',
  })
