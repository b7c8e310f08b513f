import { adapterError, exponentialBackoff, type Cancel, type TimerHeap } from '@sluice/core/spi'
import { partitionKey } from './wire/partitions.js'
import type { CommitResult, GroupOffset, TopicPartition } from './wire/port.js'

/** After the first that is done the others have so long to come along … */
const FLUSH_MS = 50
/** … or until there are so many. */
const MOST_WAITING = 1_000
const backoff = exponentialBackoff({ fromMs: 50, toMs: 1_000 })

/** How far something has got in a partition, and what of that is stored. */
export interface Progress {
  readonly at: TopicPartition
  /** Grows with each change of what has to be stored. */
  readonly version: number
  storedVersion: number
  /** Done, and not known to be stored. */
  unstored: number
  /** To be stored. */
  snapshot(): GroupOffset
}

interface Waiter {
  readonly version: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export interface SettlerOptions {
  readonly timers: TimerHeap
  readonly commit: (offsets: readonly GroupOffset[]) => Promise<readonly CommitResult[]>
  /** Something was stored. */
  readonly stored: () => void
  /** This was. */
  readonly noted: (offset: GroupOffset) => void
}

/** Stores how far the parts have got, all in one commit, one commit at a time. What is not stored is tried again as long as the part is here. */
export class Settler {
  readonly #options: SettlerOptions
  readonly #parts = new Map<string, Progress>()
  readonly #waiters = new Map<Progress, Waiter[]>()
  #timer: Cancel | undefined
  #committing = false
  #urgent = false
  #failures = 0
  /** The last commit has stored nothing. */
  #stuck = false
  #unstored = 0

  constructor(options: SettlerOptions) {
    this.#options = options
  }

  get unstored(): number {
    return this.#unstored
  }

  /** The broker stores nothing at the moment. */
  get isStuck(): boolean {
    return this.#stuck
  }

  add(part: Progress): void {
    this.#parts.set(partitionKey(part.at), part)
  }

  /** It belongs to somebody else from now on: nothing of it is stored any more. */
  drop(part: Progress): void {
    if (this.#parts.get(partitionKey(part.at)) !== part) return
    this.#parts.delete(partitionKey(part.at))
    this.#unstored -= part.unstored
    part.unstored = 0
    for (const { reject } of this.#waiters.get(part) ?? []) reject(letGo())
    this.#waiters.delete(part)
  }

  /** So many more are done. */
  done(count = 1): void {
    this.#unstored += count
    if (this.#unstored >= MOST_WAITING) this.#flushSoon()
    else this.#timer ??= this.#options.timers.after(FLUSH_MS, () => this.#flush())
  }

  /** Something has moved that is no hurry. */
  touch(): void {
    this.#timer ??= this.#options.timers.after(FLUSH_MS, () => this.#flush())
  }

  /** Resolves when what the part is now is stored; rejects when it was dropped before. */
  urge(part: Progress): Promise<void> {
    if (this.#parts.get(partitionKey(part.at)) !== part) return Promise.reject(letGo())
    if (part.version <= part.storedVersion) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(part) ?? []
      this.#waiters.set(part, waiters)
      waiters.push({ version: part.version, resolve, reject })
      this.#flushSoon()
    })
  }

  async stored(): Promise<void> {
    await Promise.all([...this.#parts.values()].map((part) => this.urge(part)))
  }

  close(): void {
    for (const part of this.#parts.values()) this.drop(part)
    this.#timer?.()
    this.#timer = undefined
  }

  #flushSoon(): void {
    if (this.#urgent) return
    this.#urgent = true
    // Behind a failure it waits for its turn: a broker that stores nothing must not be asked without a pause.
    if (this.#committing || this.#failures > 0) return
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#timer?.()
    this.#timer = undefined
    if (this.#committing) return
    this.#urgent = false
    const changed = [...this.#parts.values()].filter((part) => part.version > part.storedVersion)
    if (changed.length > 0) void this.#commit(changed)
    else this.#freed()
  }

  /** What could not be stored belongs to somebody else by now: the broker is not to be blamed for it any more. */
  #freed(): void {
    this.#failures = 0
    if (!this.#stuck) return
    this.#stuck = false
    this.#options.stored()
  }

  async #commit(parts: readonly Progress[]): Promise<void> {
    this.#committing = true
    const sent = new Map(
      parts.map((part) => {
        const { version, unstored } = part
        return [partitionKey(part.at), { part, version, unstored, offset: part.snapshot() }]
      }),
    )
    const results = await this.#options.commit([...sent.values()].map(({ offset }) => offset))
    this.#committing = false
    let failed = 0
    let owned = 0
    for (const result of results) {
      const key = partitionKey(result)
      const one = sent.get(key)
      if (one === undefined || this.#parts.get(key) !== one.part) continue
      owned += 1
      if (result.error !== undefined) {
        failed += 1
        continue
      }
      this.#noted(one.part, one.version, one.unstored)
      this.#options.noted(one.offset)
    }
    this.#failures = failed === 0 ? 0 : this.#failures + 1
    this.#stuck = failed > 0 && failed === owned
    if (!this.#stuck) this.#options.stored()
    if (failed > 0) {
      this.#timer?.()
      this.#timer = this.#options.timers.after(backoff(this.#failures), () => this.#flush())
    } else if (this.#urgent) this.#flush()
    else if (this.#unstored > 0) this.touch()
  }

  #noted(part: Progress, version: number, unstored: number): void {
    part.storedVersion = version
    part.unstored -= unstored
    this.#unstored -= unstored
    const waiters = this.#waiters.get(part)
    if (waiters === undefined) return
    const left = waiters.filter((waiter) => waiter.version > version)
    if (left.length === 0) this.#waiters.delete(part)
    else this.#waiters.set(part, left)
    for (const waiter of waiters) if (waiter.version <= version) waiter.resolve()
  }
}

const letGo = (): Error => adapterError('DISCONNECTED', 'the partition was let go', { scope: 'group', retryable: true })
