import { type Cancel, timedOut, type TimerHeap } from '@sluice/core/spi'
import { toAdapterError } from './errors.js'
import type { Reachability } from './reachability.js'
import type { KafkaCluster, TopicMetadata } from './wire/port.js'

export interface PulseOptions {
  readonly cluster: KafkaCluster
  readonly timers: TimerHeap
  readonly reachability: Reachability
  readonly everyMs: number
  /** What is looked at with each sign of life. */
  readonly topics: () => readonly string[]
  readonly seen: (topics: readonly TopicMetadata[]) => void
}

/** A cluster that has been silent for so many beats cannot be reached. */
const SILENT_BEATS = 2

/** Asks the cluster again and again, because a connection that nobody uses does not say that it is gone. */
export class Pulse {
  readonly #options: PulseOptions
  #next: Cancel | undefined
  #asking = false
  #closed = false

  constructor(options: PulseOptions) {
    this.#options = options
    this.#wait()
  }

  /** Something has failed: whether it is the way to the cluster is found out at once. */
  hurry(): void {
    if (!this.#asking && !this.#closed) void this.#beat()
  }

  close(): void {
    this.#closed = true
    this.#next?.()
  }

  #wait(): void {
    const { timers, everyMs } = this.#options
    this.#next?.()
    if (!this.#closed) this.#next = timers.after(everyMs, () => void this.#beat())
  }

  async #beat(): Promise<void> {
    const { cluster, timers, reachability, everyMs, topics, seen } = this.#options
    this.#asking = true
    const silent = timers.after(everyMs * SILENT_BEATS, () => {
      if (!this.#closed) reachability.lost(timedOut())
    })
    try {
      const found = await cluster.metadata(topics())
      if (this.#closed) return
      reachability.ready()
      seen(found)
    } catch (error) {
      if (!this.#closed) reachability.lost(toAdapterError(error))
    } finally {
      silent()
      this.#asking = false
      this.#wait()
    }
  }
}
