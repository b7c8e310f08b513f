import {
  exponentialBackoff,
  isAdapterError,
  type AdapterError,
  type ConsumeRequest,
  type ConsumeSink,
  type TimerHeap,
} from '@sluice/core/spi'

export interface GroupMendingOptions {
  readonly request: ConsumeRequest
  readonly sink: ConsumeSink
  /** Something of the group is gone from the broker. Resolves when it was declared again, false where that is not allowed; rejects when it failed for now. */
  readonly redeclare: () => Promise<boolean>
}

const backoff = exponentialBackoff({ fromMs: 100, toMs: 5_000 })

/** Has what was deleted of a group declared again, and tells of the gap. */
export class GroupMending {
  readonly #options: GroupMendingOptions
  readonly #timers: TimerHeap
  #running: Promise<void> | undefined
  #stopped = false

  constructor(options: GroupMendingOptions, timers: TimerHeap) {
    this.#options = options
    this.#timers = timers
  }

  /** Of all queues that are missed at once, once. Never rejects. */
  begin(cause: AdapterError, tell: (group: string) => string): Promise<void> {
    this.#running ??= this.#mend(cause, tell, 1).finally(() => (this.#running = undefined))
    return this.#running
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#stopped = true
  }

  /** Until it is known to be there: whoever deletes it may not be through with it, and the gap has to be told in any case. */
  async #mend(cause: AdapterError, tell: (group: string) => string, attempt: number): Promise<void> {
    const { redeclare, sink, request } = this.#options
    const { topic, group } = request.group
    try {
      const declared = await redeclare()
      if (this.#stopped) return
      if (!declared) sink.failed(cause)
      else sink.noticed({ kind: 'group-recreated', text: tell(`${topic}.${group}`) })
    } catch (error) {
      if (this.#stopped) return
      if (isAdapterError(error) && !error.retryable) {
        sink.failed(error)
        return
      }
      await new Promise<void>((resolve) => this.#timers.after(backoff(attempt), resolve))
      await this.#mend(cause, tell, attempt + 1)
    }
  }
}
