import {
  adapterError,
  type AdapterContext,
  type AdapterError,
  type Destination,
  type SendBatch,
  type TimerHeap,
} from '@sluice/core/spi'
import { closedError } from './closed-error.js'
import { deadLetterTopicOf, retryTopicOf } from './names.js'
import { SendLine } from './send-line.js'
import { partitionKey } from './wire/partitions.js'
import type { KafkaCluster, Producer, TopicPartition } from './wire/port.js'

export interface SenderOptions {
  readonly cluster: KafkaCluster
  readonly context: AdapterContext
  readonly timers: TimerHeap
  /** Something has failed on the way to the cluster. */
  readonly troubled: () => void
}

/** Writes batches, one of a partition at a time and those of different partitions beside each other, and reports each message once. */
export class Sender {
  readonly #options: SenderOptions
  readonly #lines = new Map<string, SendLine>()
  #producer: Promise<Producer> | undefined
  #closed = false

  constructor(options: SenderOptions) {
    this.#options = options
  }

  send(batch: SendBatch): void {
    const error = this.#closed ? closedError() : undefined
    const delayed = batch.destination.to === 'group' && (batch.destination.delayMs ?? 0) > 0
    if (error !== undefined || delayed) {
      queueMicrotask(() => {
        for (let index = 0; index < batch.envelopes.length; index += 1) {
          batch.report(
            index,
            error === undefined ? { kind: 'refused', error: noDelays() } : { kind: 'unwritten', error },
          )
        }
      })
      return
    }
    this.#lineOf(batch).push(batch)
  }

  /** What is under way ends with the cluster; what waits is reported at once. */
  close(): void {
    this.#closed = true
    for (const line of this.#lines.values()) line.close()
  }

  #lineOf({ destination, partition }: SendBatch): SendLine {
    const to = targetOf(destination, partition)
    const key = partitionKey(to)
    let line = this.#lines.get(key)
    if (line === undefined) {
      const { timers, context, troubled } = this.#options
      const producer = (): Promise<Producer> => this.#identified()
      const idle = (): void => void this.#lines.delete(key)
      const home = destination.to === 'topic' ? destination.topic : destination.group.topic
      const missing = (): void => context.routeChanged(home)
      line = new SendLine(to, { clock: context.clock, timers, producer, troubled, idle, missing })
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
  if (destination.to === 'group') return { topic: retryTopicOf(destination.group), partition }
  return { topic: deadLetterTopicOf(destination.group), partition: 0 }
}

const noDelays = (): Error & AdapterError =>
  adapterError('UNSUPPORTED', 'Kafka delays nothing: hold the message in place instead (capability durableDelay)', {
    scope: 'message',
  })
