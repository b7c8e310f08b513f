/** State of one messaging object, for a health endpoint. */
export interface Health {
  /** `down`: something is broken and does not work at the moment, or needs a person. `degraded`: works, but somebody should look. */
  readonly status: 'up' | 'degraded' | 'down'
  readonly publish: 'ready' | 'blocked' | 'lost' | 'connecting' | 'closed'
  readonly consume: 'ready' | 'blocked' | 'lost' | 'connecting' | 'closed'
  /** One sentence per problem, empty when up. */
  readonly problems: readonly string[]
  /** Publishes that are accepted and not yet stored. */
  readonly pendingPublishes: number
  readonly subscriptions: readonly SubscriptionHealth[]
}

export interface SubscriptionHealth {
  readonly topic: string
  readonly group: string
  readonly state: SubscriptionState
  /** Keys that stand still: overdue handlers, held messages, dead letters that cannot be stored. */
  readonly stuck: readonly StuckKey[]
}

export type SubscriptionState = 'running' | 'paused' | 'breaker-open' | 'store-down' | 'closing' | 'closed' | 'failed'

export interface StuckKey {
  readonly id: string
  readonly reason: 'overdue' | 'held' | 'dead-letter-failed'
  readonly sinceMs: number
}

/** Counters of one subscription since it began, and what it holds now. */
export interface SubscriptionStats {
  readonly delivered: number
  readonly acked: number
  readonly retried: number
  readonly deadLettered: number
  readonly givenBack: number
  readonly lost: number
  /** Skipped because the idempotency store knew them as done. */
  readonly skipped: number
  /** Handlers that run now. */
  readonly running: number
  /** Deliveries that wait in this process now: for a slot, for their key, for the rate. */
  readonly waiting: number
  /** Deliveries that wait for a retry now. */
  readonly held: number
  readonly partitions: readonly number[]
}

/** What `close` found. */
export interface CloseReport {
  /** False when the deadline passed first. */
  readonly clean: boolean
  /** Deliveries that were still running; their messages are handed over again. */
  readonly leftRunning: number
  /** Deliveries that waited and were left to others at once. */
  readonly leftWaiting: number
  /** Publishes that had no answer. Their promises were rejected. */
  readonly leftPublishes: number
}
