import type { Clock } from '../model/clock.js'
import type { Logger } from '../model/logger.js'
import type { Receipt } from '../model/message.js'
import { Aborts } from './aborts.js'
import type { PublishBuffer } from './buffer.js'
import { Deadlines } from './deadlines.js'
import { answer, type Entry } from './entry.js'
import type { Pump } from './pump.js'
import { unanswered } from './receipt.js'

interface LedgerOptions {
  readonly clock: Clock
  readonly pump: Pump
  readonly log: Logger
  readonly buffer: PublishBuffer
  /** Timeout that most entries have. */
  readonly usualMs: number
}

/** Every entry is in here from its publish to its answer, and is answered once. */
export class Ledger {
  readonly #log: Logger
  readonly #buffer: PublishBuffer
  readonly #deadlines: Deadlines
  readonly #aborts: Aborts
  readonly #whenEmpty = new Set<() => void>()
  #messages = 0
  #bytes = 0

  constructor(options: LedgerOptions) {
    this.#log = options.log
    this.#buffer = options.buffer
    const { clock, pump, usualMs } = options
    const expired = (entry: Entry): void => this.end(entry, undefined, unanswered(entry, 'deadline'))
    this.#deadlines = new Deadlines({ clock, pump, usualMs, expired })
    this.#aborts = new Aborts((entry) => this.end(entry, undefined, unanswered(entry, 'abort')))
  }

  get messages(): number {
    return this.#messages
  }

  get bytes(): number {
    return this.#bytes
  }

  add(entry: Entry, timeoutMs: number, signal: AbortSignal | undefined): void {
    this.#messages += 1
    this.#bytes += entry.bytes
    this.#deadlines.add(entry, timeoutMs)
    if (signal !== undefined) this.#aborts.add(entry, signal)
  }

  /** The size turned out otherwise than when the entry was added. */
  resize(entry: Entry, bytes: number): void {
    this.#bytes += bytes - entry.bytes
    this.#buffer.resize(entry, bytes)
  }

  /** Answers the caller, unless it has been answered. What the adapter still holds keeps its room until it is reported. */
  end(entry: Entry, receipt: Receipt | undefined, error?: unknown): void {
    const { owner, list } = entry
    if (owner === undefined) return
    entry.owner = undefined
    this.#messages -= 1
    this.#bytes -= entry.bytes
    this.#deadlines.remove(entry)
    if (entry.extra !== undefined) {
      this.#aborts.remove(entry)
      this.#endSpan(entry, error)
    }
    answer(owner, entry, receipt, error)
    if (entry.stage !== 'flying') {
      entry.stage = 'ended'
      if (list !== undefined && !this.#buffer.withdraw(entry)) list.remove(entry)
      this.#buffer.leave(entry)
      list?.owner.changed()
    }
    if (this.#messages === 0) for (const resolve of this.#whenEmpty) resolve()
  }

  /** The adapter has let go of an entry, and it will not be written again. */
  release(entry: Entry): void {
    entry.stage = 'ended'
    this.#buffer.leave(entry)
  }

  /** True when everything has been answered, false when the signal came first. */
  async empty(signal: AbortSignal): Promise<boolean> {
    if (this.#messages === 0 || signal.aborted) return this.#messages === 0
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#whenEmpty.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#whenEmpty.add(done)
      signal.addEventListener('abort', done)
    })
    return this.#messages === 0
  }

  /** Answers all that is left; how many that were. */
  abandon(): number {
    const left = this.#deadlines.all()
    for (const entry of left) this.end(entry, undefined, unanswered(entry, 'close'))
    return left.length
  }

  #endSpan(entry: Entry, error: unknown): void {
    try {
      entry.extra?.span?.end(error)
    } catch (thrown) {
      this.#log.error('the tracer threw at the end of a publish', { error: thrown })
    }
  }
}
