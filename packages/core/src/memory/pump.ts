import { Deque } from '../kit/deque.js'

/** Something that hands messages on when there is room for them. */
export interface Fillable {
  /** It stands in the pump's list. */
  queued: boolean
  /** Hands on what it can; returns how many messages it was. */
  fill(): number
}

/** After so many messages, timers and sockets of the process get a turn: microtasks alone would never let them run. */
const MESSAGES_PER_TURN = 10_000

// Kept, because test runners replace the global when they fake timers.
const { setImmediate } = globalThis
const resolved = Promise.resolve()

/**
 * Everything the broker does for its clients happens here, in a microtask of its own and never in the call stack of a
 * client. Calls run first and in order; then sources with work hand on their messages.
 */
export class Pump {
  readonly #calls = new Deque<() => void>()
  #sources: Fillable[] = []
  #scheduled = false
  #handedOn = 0

  /** Runs `run` soon. */
  call(run: () => void): void {
    this.#calls.push(run)
    this.#schedule()
  }

  /** Lets a source hand on its messages soon. */
  wake(source: Fillable): void {
    if (source.queued) return
    source.queued = true
    this.#sources.push(source)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    if (this.#handedOn < MESSAGES_PER_TURN) void resolved.then(this.#turn)
    else {
      this.#handedOn = 0
      setImmediate(this.#turn)
    }
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    try {
      // Only what is there now: a call that renews itself must not keep the sources waiting.
      for (let left = this.#calls.length; left > 0; left -= 1) this.#calls.shift()?.()
      const sources = this.#sources
      this.#sources = []
      for (const source of sources) {
        source.queued = false
        this.#handedOn += source.fill()
      }
    } finally {
      if (this.#calls.length > 0 || this.#sources.length > 0) this.#schedule()
    }
  }
}
