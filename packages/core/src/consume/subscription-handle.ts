import type { CloseReport, SubscriptionState, SubscriptionStats } from '../model/health.js'
import type { CloseOptions } from './options.js'

/** A running consumption. */
export interface Subscription extends AsyncDisposable {
  readonly topic: string
  readonly group: string
  readonly state: SubscriptionState
  /** Resolves when the subscription was closed; rejects when it ended for a reason that needs a person. Nobody has to listen: a failure is also an event, health, and a process warning. */
  readonly closed: Promise<void>
  /** Starts no more handlers and takes no more messages, for as long as it takes. Claims stay, nothing is counted. */
  pause(): void
  resume(): void
  /** Drains and leaves the group: running handlers end, everything else is left to others at once. */
  close(options?: CloseOptions): Promise<CloseReport>
  stats(): SubscriptionStats
  /** Messages that `onExhausted: 'hold'` keeps. */
  held(): readonly HeldMessage[]
  /** Ends the hold of one message, or of all: try again from the first attempt, or dead-letter. Returns how many were released. */
  release(options?: ReleaseOptions): number
}

export interface HeldMessage {
  readonly id: string
  readonly key: string | Uint8Array | null
  readonly error: unknown
  readonly sinceMs: number
}

export interface ReleaseOptions {
  /** Only this message. @default all that are held */
  readonly id?: string
  /** @default 'retry' */
  readonly as?: 'retry' | 'dead-letter'
}
