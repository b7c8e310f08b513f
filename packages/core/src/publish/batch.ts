import { BatchError, type BatchResult } from '../errors/batch-error.js'
import { SluiceError } from '../errors/sluice-error.js'
import { toSluiceError } from '../errors/wrap.js'
import type { Receipt } from '../model/message.js'
import type { Collector, Entry } from './entry.js'
import type { BatchOutcome } from './options.js'

/** The results of one batch, by place. */
export class BatchCollector implements Collector {
  readonly done: Promise<void>
  readonly #topic: string
  /** By place; nearly all messages are stored, so what failed is kept apart. */
  readonly #receipts: (Receipt | undefined)[]
  readonly #failures = new Map<number, SluiceError>()
  #open: number
  #finish: () => void = () => undefined

  constructor(topic: string, size: number) {
    this.#topic = topic
    this.#open = size
    this.#receipts = new Array<Receipt | undefined>(size).fill(undefined)
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
    if (size === 0) this.#finish()
  }

  ended(entry: Entry, receipt: Receipt | undefined, error: unknown): void {
    if (receipt === undefined) this.failed(entry.index, error)
    else if (this.#isOpen(entry.index)) {
      this.#receipts[entry.index] = receipt
      this.#settled()
    }
  }

  failed(index: number, error: unknown): void {
    if (!this.#isOpen(index)) return
    this.#failures.set(index, toSluiceError(error, { topic: this.#topic }))
    this.#settled()
  }

  /** @throws BatchError when a message failed and `settled` is false */
  outcome(settled: boolean): BatchOutcome<true> | BatchOutcome<false> {
    if (!settled && this.#failures.size === 0) return this.#receipts as readonly Receipt[]
    const results = this.#receipts.map((receipt, index): BatchResult<Receipt> => {
      const error = this.#failures.get(index)
      return error === undefined ? { status: 'stored', receipt: receipt as Receipt } : { status: 'failed', error }
    })
    if (settled) return results
    throw new BatchError(results, this.#topic)
  }

  #isOpen(index: number): boolean {
    return this.#receipts[index] === undefined && !this.#failures.has(index)
  }

  #settled(): void {
    this.#open -= 1
    if (this.#open === 0) this.#finish()
  }
}

/** All entries at once, before the first is published: an iteration that fails half-way publishes nothing. @throws SluiceError INVALID_OPTION */
export function readEntries(entries: unknown, topic: string): readonly unknown[] {
  if (typeof (entries as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] !== 'function') {
    throw new SluiceError('INVALID_OPTION', 'entries must be an iterable of { payload, … }', {
      field: 'entries',
      topic,
    })
  }
  try {
    return [...(entries as Iterable<unknown>)]
  } catch (cause) {
    throw new SluiceError('INVALID_OPTION', 'entries threw while they were read; nothing was published', {
      field: 'entries',
      topic,
      cause,
    })
  }
}
