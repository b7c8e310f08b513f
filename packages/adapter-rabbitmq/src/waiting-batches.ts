import { Deque } from '@sluice/core/spi'
import type { OpenBatch } from './open-batch.js'

/**
 * What waits to be written, each stream in its order. The first message of a stream on a channel goes alone until it is confirmed. With
 * it the channel makes itself known to the quorum queues behind; that may fail for the first messages and work for those after them
 * while a queue gets another leader (RabbitMQ 3.10), and later ones would then be stored before earlier ones. After that the queue keeps
 * what a channel writes in order by itself.
 */
export class WaitingBatches {
  readonly #ready = new Deque<OpenBatch>()
  /** Streams whose first message is on its way, with what waits for its answer. */
  readonly #opening = new Map<string, OpenBatch[]>()
  readonly #opened = new Set<string>()

  get count(): number {
    let parked = 0
    for (const batches of this.#opening.values()) parked += batches.length
    return this.#ready.length + parked
  }

  push(batch: OpenBatch): void {
    this.#ready.push(batch)
  }

  /** The one to be written from. */
  peek(): OpenBatch | undefined {
    for (let batch = this.#ready.peek(); batch !== undefined; batch = this.#ready.peek()) {
      const parked = batch.stream === undefined ? undefined : this.#opening.get(batch.stream)
      if (parked === undefined) return batch
      parked.push(batch)
      this.#ready.shift()
    }
    return undefined
  }

  /** Takes the one of {@link peek}. */
  shift(): void {
    this.#ready.shift()
  }

  /** A message of the batch is on its way. */
  wrote({ stream }: OpenBatch): void {
    if (stream !== undefined && !this.#opened.has(stream)) this.#opening.set(stream, [])
  }

  /** A message of the batch was answered; `stored`: by the queues behind. */
  answered({ stream }: OpenBatch, stored: boolean): void {
    if (this.#opening.size === 0 || stream === undefined) return
    const parked = this.#opening.get(stream)
    if (parked === undefined) return
    this.#opening.delete(stream)
    if (stored) this.#opened.add(stream)
    this.#ahead(parked)
  }

  /** Another channel is written to from now on. */
  begin(): void {
    for (const parked of this.#opening.values()) this.#ahead(parked)
    this.#opening.clear()
    this.#opened.clear()
  }

  /** Those of the batch's stream. */
  takeBeside(batch: OpenBatch): OpenBatch[] {
    return this.#take((one) => one.isBeside(batch))
  }

  takeAll(): OpenBatch[] {
    return this.#take(() => true)
  }

  #take(ends: (batch: OpenBatch) => boolean): OpenBatch[] {
    const taken: OpenBatch[] = []
    const stays: OpenBatch[] = []
    for (const [stream, parked] of this.#opening) {
      const kept = parked.filter((batch) => !ends(batch))
      if (kept.length === parked.length) continue
      taken.push(...parked.filter(ends))
      this.#opening.set(stream, kept)
    }
    for (const batch of this.#ready) (ends(batch) ? taken : stays).push(batch)
    if (stays.length < this.#ready.length) {
      this.#ready.clear()
      for (const batch of stays) this.#ready.push(batch)
    }
    return taken
  }

  #ahead(batches: readonly OpenBatch[]): void {
    for (const batch of batches.toReversed()) this.#ready.unshift(batch)
  }
}
