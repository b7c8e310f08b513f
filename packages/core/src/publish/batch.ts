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
  readonly #results: (BatchResult<Receipt> | undefined)[]
  #open: number
  #finish: () => void = () => undefined

  constructor(topic: string, size: number) {
    this.#topic = topic
    this.#open = size
    this.#results = new Array<BatchResult<Receipt> | undefined>(size)
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
    if (size === 0) this.#finish()
  }

  ended(entry: Entry, receipt: Receipt | undefined, error: unknown): void {
    if (receipt === undefined) this.failed(entry.index, error)
    else this.#settle(entry.index, { status: 'stored', receipt })
  }

  failed(index: number, error: unknown): void {
    this.#settle(index, { status: 'failed', error: toSluiceError(error, { topic: this.#topic }) })
  }

  /** @throws BatchError when a message failed and `settled` is false */
  outcome(settled: boolean): BatchOutcome<true> | BatchOutcome<false> {
    const results = this.#results as readonly BatchResult<Receipt>[]
    if (settled) return results
    const receipts: Receipt[] = []
    for (const result of results) {
      if (result.status === 'failed') throw new BatchError(results, this.#topic)
      receipts.push(result.receipt)
    }
    return receipts
  }

  #settle(index: number, result: BatchResult<Receipt>): void {
    if (this.#results[index] !== undefined) return
    this.#results[index] = result
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
