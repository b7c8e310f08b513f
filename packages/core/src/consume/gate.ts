import type { Cancel } from '../model/clock.js'
import type { TimerHeap } from '../kit/timer-heap.js'
import type { LimiterGate } from '../model/limiter.js'
import type { Breaker } from '../failure/breaker.js'
import type { Work } from './work.js'

/** Why nothing starts. */
export type GateReason = 'starting' | 'paused' | 'store-down' | 'closing'

/** What the gate says of a work that could start: 0 = start it, a number of ms = only this one has to wait so long, Infinity = nothing may start now. */
export type GateAnswer = number

/** Decides at handler start, where a waiting message costs nothing: pause, breaker, rate. */
export class Gate {
  readonly #timers: TimerHeap
  readonly #breaker: Breaker | undefined
  readonly #wake: () => void
  #limiter: LimiterGate | undefined
  #perKey = false
  readonly #reasons = new Set<GateReason>()
  #limited: Cancel | undefined

  constructor(timers: TimerHeap, breaker: Breaker | undefined, wake: () => void) {
    this.#timers = timers
    this.#breaker = breaker
    this.#wake = wake
  }

  useLimiter(limiter: LimiterGate): void {
    this.#limiter = limiter
    this.#perKey = limiter.perKey === true
  }

  close(reason: GateReason): void {
    this.#reasons.add(reason)
  }

  open(reason: GateReason): void {
    if (this.#reasons.delete(reason)) this.#wake()
  }

  isClosed(reason: GateReason): boolean {
    return this.#reasons.has(reason)
  }

  /** Whether somebody has closed it; what a limiter or a breaker says is not meant. */
  get closed(): boolean {
    return this.#reasons.size > 0
  }

  /** Cheap question before a work is looked for. */
  get passable(): boolean {
    return (
      this.#reasons.size === 0 &&
      this.#limited === undefined &&
      (this.#breaker === undefined || this.#breaker.allows !== 'none')
    )
  }

  /** Takes the token, and the place of the probe. To be followed by a start. */
  ask(work: Work): GateAnswer {
    const waitMs = this.#limiter === undefined ? 0 : this.#limiter.take(work.inbound.key)
    if (waitMs > 0) {
      if (this.#perKey || waitMs === Infinity) return waitMs
      this.#armLimited(waitMs)
      return Infinity
    }
    if (this.#breaker?.allows === 'one') {
      this.#breaker.probeStarted()
      work.probe = true
    }
    return 0
  }

  /** The limiter has tokens again. */
  limiterWoke(): void {
    this.#limited?.()
    this.#limited = undefined
    this.#wake()
  }

  stop(): void {
    this.#limited?.()
    this.#limited = undefined
    this.#limiter?.close()
    this.#limiter = undefined
  }

  #armLimited(waitMs: number): void {
    this.#limited = this.#timers.after(waitMs, () => {
      this.#limited = undefined
      this.#wake()
    })
  }
}
