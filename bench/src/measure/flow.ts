import { until } from './until.js'

/**
 * Keeps the distance between a publisher and its handlers: a publisher that is faster would fill the broker, and what is measured
 * would be the size of that backlog. The loop of `floor.mjs` has 256 at most.
 */
export class Flow {
  readonly #limit: number
  #published = 0
  #handled = 0
  #wakeAt = Infinity
  #wake: (() => void) | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  published(count: number): void {
    this.#published += count
  }

  handled(count: number): void {
    this.#handled += count
    if (this.#handled < this.#wakeAt) return
    this.#wakeAt = Infinity
    this.#wake?.()
  }

  /** Resolves as soon as the distance allows more. */
  async room(): Promise<void> {
    await this.#handledUpTo(this.#published - this.#limit)
  }

  /** Resolves when everything that was published has been handled, and what is asked for holds. */
  async drained(settled: () => boolean): Promise<void> {
    await this.#handledUpTo(this.#published)
    await until(settled)
  }

  #handledUpTo(handled: number): Promise<void> | undefined {
    if (this.#handled >= handled) return undefined
    return new Promise((resolve) => {
      this.#wakeAt = handled
      this.#wake = resolve
    })
  }
}
