/** How deliveries reach the application. */
export type Form = 'single' | 'batch' | 'stream'

/** When a message is tried again. */
export interface RetryPlan {
  readonly attempts: number
  /** By attempt, in turn. */
  readonly delaysMs: readonly number[]
  readonly placement: 'auto' | 'in-place' | 'delayed'
}

/** How handler starts are limited. */
export type LimiterPlan =
  | { readonly kind: 'per-second'; readonly rate: number }
  /** Refuses now and then, for this long or until it says otherwise. */
  | { readonly kind: 'capricious'; readonly waitMs: number; readonly share: number; readonly perKey: boolean }

/** One group, consumed in the same way by every instance. */
export interface GroupPlan {
  readonly topic: TopicName
  readonly group: string
  readonly form: Form
  readonly ordered: boolean
  readonly concurrency: number
  readonly window: number
  readonly handOverMs: number
  readonly retry: RetryPlan | undefined
  readonly onExhausted: 'dead-letter' | 'hold'
  readonly breaker: { readonly failures: number; readonly probeMs: number; readonly maxProbeMs: number } | undefined
  readonly handlerTimeoutMs: number | undefined
  readonly limiter: LimiterPlan | undefined
  readonly idempotent: 'pause' | 'process' | undefined
  /** Of batches. */
  readonly maxSize: number
  readonly maxWaitMs: number
  /** Share of the handler runs that publish. */
  readonly publishes: number
}

export type TopicName = 'orders' | 'notes'

/** Where keys come from: few, so that lanes are long, or many, so that there are many lanes. */
export type KeyPlan = 'one' | 'few' | 'many' | 'odd'

/** Everything that is fixed before a run begins. */
export interface Plan {
  readonly like: 'queue' | 'log'
  readonly holdMs: number | undefined
  readonly sessionMs: number
  readonly partitions: number
  readonly instances: number
  readonly publishers: number
  readonly publishOrder: 'pipelined' | 'strict'
  /** Messages that one messaging object may have accepted and not stored. */
  readonly bufferMessages: number
  readonly latency: { readonly usualMs: number; readonly spikeMs: number; readonly spikes: number }
  readonly groups: readonly GroupPlan[]
}
