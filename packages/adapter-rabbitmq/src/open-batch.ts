import type { AdapterError, Cancel, Destination, Outbound, SendBatch, SendResult } from '@sluice/core/spi'
import type { Address } from './address.js'

/** A batch of core with what of it is still to be written and to be reported. Each message is reported once, whatever is heard of it later. */
export class OpenBatch {
  readonly batch: SendBatch
  readonly exchange: string
  readonly routingKey: string
  /** What is stored in the order in which it is written. Undefined: dead letters and delays, which have none. */
  readonly stream: string | undefined
  cancelTimer: Cancel | undefined
  /** First index that is not written. */
  #next = 0
  /** Not reported yet. */
  #open: number
  readonly #reported: Uint8Array

  constructor(batch: SendBatch, { exchange, routingKey }: Address) {
    this.batch = batch
    this.exchange = exchange
    this.routingKey = routingKey
    this.stream = isOrdered(batch.destination) ? `${exchange}\n${routingKey}` : undefined
    this.#open = batch.envelopes.length
    this.#reported = new Uint8Array(this.#open)
  }

  get written(): number {
    return this.#next
  }

  get isWritten(): boolean {
    return this.#next >= this.batch.envelopes.length
  }

  get nextBytes(): number {
    return this.batch.envelopes[this.#next]?.bytes ?? 0
  }

  /** Index of the next to be written, which it is now. */
  take(): number {
    this.#next += 1
    return this.#next - 1
  }

  /** Undefined when it was reported already. */
  unreported(index: number): Outbound | undefined {
    return this.#reported[index] === 1 ? undefined : this.batch.envelopes[index]
  }

  /** Whether both belong to one stream. */
  isBeside({ exchange, routingKey }: OpenBatch): boolean {
    return this.exchange === exchange && this.routingKey === routingKey
  }

  report(index: number, result: SendResult): void {
    if (this.#reported[index] === 1) return
    this.#reported[index] = 1
    this.#open -= 1
    if (this.#open === 0) this.cancelTimer?.()
    this.batch.report(index, result)
  }

  /** All that are not written, which they will not be any more. */
  reportRest(result: SendResult): void {
    const from = this.#next
    this.#next = this.batch.envelopes.length
    for (let index = from; index < this.#next; index += 1) this.report(index, result)
  }

  reportUnwritten(error: AdapterError): void {
    this.reportRest({ kind: 'unwritten', error })
  }
}

const isOrdered = (destination: Destination): boolean =>
  destination.to === 'topic' || (destination.to === 'group' && (destination.delayMs ?? 0) === 0)
