import { isAdapterError, type Cancel, type Clock } from '@sluice/core/spi'
import type { Link } from './link.js'
import type { WireChannel } from './wire/port.js'

/** Bindings of the queues that one consumer has taken. */
export interface Bound {
  /** Makes those that are missing. The broker answers 404 where the exchange, or a queue, is gone. */
  bind(channel: WireChannel, signal: AbortSignal): Promise<void>
  /** Somebody has deleted what the messages come through. Not waited for: to mend it may take long, and the others go on being looked after. */
  gone(): void
}

/** Of one process, so the broker hears little of it: one channel, and one request for each queue. */
const CHECK_MS = 10_000
const TIMEOUT_MS = 10_000

/**
 * Nothing tells a consumer that its exchange or a binding was deleted: it would wait on a sound queue for ever. So each process binds the
 * queues that it consumes once more, every now and then, which changes nothing where they are bound.
 */
export class BindingKeeper {
  readonly #link: Link
  readonly #clock: Clock
  readonly #kept = new Set<Bound>()
  #cancel: Cancel | undefined
  #closed = false

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  /** Returns what ends it. */
  keep(bound: Bound): () => void {
    this.#kept.add(bound)
    this.#schedule()
    return () => void this.#kept.delete(bound)
  }

  close(): void {
    this.#closed = true
    this.#kept.clear()
    this.#cancel?.()
  }

  #schedule(): void {
    if (this.#closed || this.#kept.size === 0) return
    this.#cancel ??= this.#clock.after(CHECK_MS, () => void this.#check())
  }

  async #check(): Promise<void> {
    for (const bound of this.#kept) if (!this.#closed && this.#link.session !== undefined) await this.#bind(bound)
    this.#cancel = undefined
    this.#schedule()
  }

  async #bind(bound: Bound): Promise<void> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      await this.#link.onChannel((channel) => bound.bind(channel, signal), signal)
    } catch (error) {
      if (isAdapterError(error) && error.code === 'UNKNOWN_TOPIC' && this.#kept.has(bound)) bound.gone()
    }
  }
}
