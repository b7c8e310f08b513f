import type { Cancel } from '../model/clock.js'

export interface BreakerLimits {
  readonly failures: number
  readonly probeMs: number
  readonly maxProbeMs: number
}

export interface BreakerContext {
  after(ms: number, run: () => void): Cancel
  changed(state: 'open' | 'closed'): void
  /** One delivery may start. */
  wake(): void
}

/**
 * Stops a subscription whose handler fails whatever it gets, so that an outage behind the handler costs no message its attempts.
 * While open, one delivery at a time is let through to find out; neither it nor what still ran counts as a failed attempt.
 */
export class Breaker {
  readonly #limits: BreakerLimits
  readonly #context: BreakerContext
  #inRow = 0
  #state: 'closed' | 'open' | 'half' | 'probing' = 'closed'
  #waitMs = 0
  #cancel: Cancel | undefined

  constructor(limits: BreakerLimits, context: BreakerContext) {
    this.#limits = limits
    this.#context = context
  }

  get open(): boolean {
    return this.#state !== 'closed'
  }

  /** How much may start now. */
  get allows(): 'all' | 'one' | 'none' {
    if (this.#state === 'closed') return 'all'
    return this.#state === 'half' ? 'one' : 'none'
  }

  probeStarted(): void {
    this.#state = 'probing'
  }

  /** The probe ended without an answer: lost, given back, not decodable. Another one may try. */
  probeEnded(): void {
    if (this.#state !== 'probing') return
    this.#state = 'half'
    this.#context.wake()
  }

  /** Returns whether the failure counts as an attempt. */
  failed(isProbe: boolean): boolean {
    if (this.#state === 'closed') {
      this.#inRow += 1
      if (this.#inRow >= this.#limits.failures) this.#trip()
      return true
    }
    if (isProbe) {
      this.#waitMs = Math.min(this.#waitMs * 2, this.#limits.maxProbeMs)
      this.#state = 'open'
      this.#arm()
    }
    return false
  }

  succeeded(): void {
    this.#inRow = 0
    if (this.#state === 'closed') return
    this.#cancel?.()
    this.#state = 'closed'
    this.#context.changed('closed')
    this.#context.wake()
  }

  stop(): void {
    this.#cancel?.()
  }

  #trip(): void {
    this.#state = 'open'
    this.#waitMs = this.#limits.probeMs
    this.#context.changed('open')
    this.#arm()
  }

  #arm(): void {
    this.#cancel = this.#context.after(this.#waitMs, () => {
      this.#state = 'half'
      this.#context.wake()
    })
  }
}
