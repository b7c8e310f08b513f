/** One failed attempt, as a retry policy sees it. */
export interface Failure {
  readonly error: unknown
  /** 1-based: the attempt that has just failed. */
  readonly attempt: number
  /** Time since the first failure of this message in this process, in ms. */
  readonly elapsedMs: number
}

export type RetryDecision = { readonly kind: 'retry'; readonly delayMs: number } | { readonly kind: 'exhausted' }

/** From a failure to what happens next. Pure but for its random source, so that a schedule can be printed and tested. */
export interface RetryPolicy {
  readonly name: string
  /**
   * Where a message waits. `in-place`: its key waits with it. `delayed`: as a durable copy at the broker, behind later messages of its
   * key; refused for ordered subscriptions. `auto`: short delays in place; long ones delayed where order is 'none' and the adapter can.
   */
  readonly placement: 'auto' | 'in-place' | 'delayed'
  decide(failure: Failure): RetryDecision
}
