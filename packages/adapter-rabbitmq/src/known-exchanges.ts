import { adapterError, isAdapterError, type AdapterError } from '@sluice/core/spi'
import type { Link } from './link.js'

/**
 * Exchanges that are there. A publish to one that is not ends the channel of all, so each is asked for before its first use, over the
 * consume link: the broker may have stopped to read the publish connection.
 */
export class KnownExchanges {
  readonly #link: Link
  readonly #known = new Set<string>([''])
  readonly #asked = new Map<string, Promise<AdapterError | undefined>>()

  constructor(link: Link) {
    this.#link = link
  }

  has(exchange: string): boolean {
    return this.#known.has(exchange)
  }

  add(exchange: string): void {
    this.#known.add(exchange)
  }

  /** Somebody has deleted it. */
  forget(exchange: string): void {
    if (exchange !== '') this.#known.delete(exchange)
  }

  /** Resolves with what is wrong; `undefined`: it is there. Never rejects. */
  ask(exchange: string, timeoutMs: number): Promise<AdapterError | undefined> {
    let asked = this.#asked.get(exchange)
    if (asked === undefined) {
      asked = this.#check(exchange, timeoutMs).finally(() => this.#asked.delete(exchange))
      this.#asked.set(exchange, asked)
    }
    return asked
  }

  async #check(exchange: string, timeoutMs: number): Promise<AdapterError | undefined> {
    try {
      await this.#link.onChannel((channel) => channel.checkExchange(exchange), AbortSignal.timeout(timeoutMs))
      this.#known.add(exchange)
      return undefined
    } catch (error) {
      return isAdapterError(error)
        ? error
        : adapterError('DISCONNECTED', String(error), { retryable: true, cause: error })
    }
  }
}
