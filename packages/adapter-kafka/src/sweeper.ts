import type { Cancel, Logger, TimerHeap } from '@sluice/core/spi'
import { partitionKey } from './wire/partitions.js'
import type { Administration, GroupOffset } from './wire/port.js'

export interface SweeperOptions {
  readonly administration: Pick<Administration, 'deleteRecords'>
  readonly timers: TimerHeap
  readonly log: Logger
  /** Topics that are for one group alone. */
  readonly topics: ReadonlySet<string>
}

/** Fewer are not worth a request: the broker frees whole files only. */
const LEAST = 1_000
/** What comes together in this time goes in one request. */
const TOGETHER_MS = 10_000

/** Takes what a group has done out of the topics that are for it alone: they keep everything, so nothing else ever would. */
export class Sweeper {
  readonly #options: SweeperOptions
  /** Before these offsets, by partition. */
  readonly #swept = new Map<string, number>()
  readonly #due = new Map<string, GroupOffset>()
  #timer: Cancel | undefined
  #closed = false

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  /** That everything before the offset is done is stored. */
  passed(one: GroupOffset): void {
    const { topics, timers } = this.#options
    if (this.#closed || !topics.has(one.topic)) return
    const key = partitionKey(one)
    if (one.offset - (this.#swept.get(key) ?? 0) < LEAST) return
    this.#due.set(key, one)
    this.#timer ??= timers.after(TOGETHER_MS, () => void this.#sweep())
  }

  close(): void {
    this.#closed = true
    this.#timer?.()
  }

  async #sweep(): Promise<void> {
    const { administration, log } = this.#options
    this.#timer = undefined
    const due = [...this.#due.values()]
    this.#due.clear()
    // Also where it fails: it is tried again when there is more, and a broker that does not allow it is not asked all the time.
    for (const one of due) this.#swept.set(partitionKey(one), one.offset)
    try {
      await administration.deleteRecords(due.map(({ topic, partition, offset }) => ({ topic, partition, offset })))
    } catch (error) {
      log.warn('kafka: what a group has done could not be removed from its own topics, which grow', {
        topics: [...new Set(due.map(({ topic }) => topic))],
        reason: String(error),
      })
    }
  }
}
