import type { Clock } from './clock.js'
import type { Key } from './key.js'
import type { Logger } from './logger.js'

/** Limits how many handlers start in a time; what `subscribe` takes as `rateLimit`. One limiter may serve several subscriptions, which then share the rate. */
export interface Limiter {
  readonly name: string
  /** Begins to serve one subscription. */
  attach(context: LimiterContext): LimiterGate
}

export interface LimiterContext {
  readonly topic: string
  readonly group: string
  readonly clock: Clock
  readonly log: Logger
  /** To be called when a gate that answered `Infinity` is worth asking again. */
  wake(): void
}

export interface LimiterGate {
  /** Whether the answer holds for the key alone, so that other keys may be asked meanwhile. @default false */
  readonly perKey?: boolean | undefined
  /**
   * Takes one token for a handler that starts now: 0 when it was granted, else the milliseconds after which asking again makes sense
   * (`Infinity`: `wake` will be called). Synchronous, because it is asked once per handler start, retries included.
   */
  take(key: Key | null): number
  close(): void
}
