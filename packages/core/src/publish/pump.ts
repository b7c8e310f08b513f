import { SluiceError } from '../errors/sluice-error.js'
import type { SideState } from '../spi/adapter.js'

export interface Pumped {
  /** Kept by the pump: it is due already. */
  scheduled: boolean
  /** Writes what can be written. */
  pump(): void
}

const resolved = Promise.resolve()

/**
 * Runs streams that have something to write, once per tick and after all promises of the tick have settled: what is published
 * meanwhile goes out in one batch. Nothing is written while the adapter is not ready.
 */
export class Pump {
  /** Grows with each run: whoever does something once per tick compares it. */
  tick = 0
  /** Runs before everything else that is due. */
  before: Pumped | undefined
  readonly #active = new Set<Pumped>()
  #due: Pumped[] = []
  #state: SideState = 'connecting'

  get ready(): boolean {
    return this.#state === 'ready'
  }

  /** Why nothing is written at the moment. */
  get trouble(): SluiceError | undefined {
    if (this.#state === 'ready') return undefined
    if (this.#state === 'blocked') return new SluiceError('BLOCKED', 'the broker takes no messages at the moment')
    return new SluiceError('DISCONNECTED', `the connection is ${this.#state === 'lost' ? 'lost' : 'not open yet'}`)
  }

  become(state: SideState): void {
    this.#state = state
    if (state === 'ready') for (const stream of this.#active) this.schedule(stream)
  }

  enlist(stream: Pumped): void {
    this.#active.add(stream)
  }

  dismiss(stream: Pumped): void {
    this.#active.delete(stream)
  }

  schedule(stream: Pumped): void {
    if (stream.scheduled) return
    stream.scheduled = true
    // Over a promise, because a tick's callbacks run before the promises that were settled ahead of them.
    if (this.#due.push(stream) === 1) void resolved.then(this.#afterPromises)
  }

  readonly #afterPromises = (): void => process.nextTick(this.#run)

  readonly #run = (): void => {
    this.tick += 1
    const due = this.#due
    this.#due = []
    this.before?.pump()
    for (const stream of due) {
      stream.scheduled = false
      stream.pump()
    }
  }
}
