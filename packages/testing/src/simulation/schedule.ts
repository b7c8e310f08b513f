import type { KeyPlan, Plan, TopicName } from './plan.js'

/** What became of messages whose answer was on its way when a connection broke. */
export type Unreported = 'half' | 'stored' | 'lost'

/**
 * One thing that is done to the world. Who it is done to is drawn, when its turn comes, from those who live; everything else is
 * said here, so that a step means the same whichever others are left out. What lasts ends by itself.
 */
export type Action =
  | { readonly kind: 'publish'; readonly topic: TopicName; readonly count: number; readonly keys: KeyPlan }
  | {
      readonly kind: 'publish-batch'
      readonly topic: TopicName
      readonly count: number
      readonly keys: KeyPlan
      readonly timeoutMs: number | undefined
      readonly abortAfterMs: number | undefined
    }
  | { readonly kind: 'join' }
  | { readonly kind: 'stop-broker'; readonly forMs: number; readonly unreported: Unreported }
  | { readonly kind: 'silence-broker'; readonly forMs: number; readonly unreported: Unreported }
  | { readonly kind: 'block-broker'; readonly forMs: number }
  | { readonly kind: 'expire-hold'; readonly group: number }
  /** With `againMs` a second time, so long after the first. */
  | {
      readonly kind: 'drop'
      readonly side: 'publish' | 'consume' | undefined
      readonly unreported: Unreported
      readonly againMs: number | undefined
    }
  | { readonly kind: 'freeze'; readonly forMs: number }
  | { readonly kind: 'kill'; readonly noticeMs: number | undefined; readonly unreported: Unreported }
  /** As soon as a dead letter of somebody is stored, that process ends. */
  | { readonly kind: 'kill-at-letter'; readonly withinMs: number; readonly noticeMs: number | undefined }
  | {
      readonly kind: 'close'
      readonly deadlineMs: number
      readonly when: 'now' | CloseMoment
      readonly withinMs: number
    }
  | { readonly kind: 'hand-over'; readonly group: number; readonly partition: number; readonly deadlineMs: number }
  | { readonly kind: 'store-mood'; readonly mood: 'slow' | 'down'; readonly forMs: number }
  | { readonly kind: 'pause'; readonly group: number; readonly forMs: number }
  | { readonly kind: 'release'; readonly as: 'retry' | 'dead-letter' }
  /** Whatever a group does fails for a time. */
  | { readonly kind: 'break-down'; readonly group: number; readonly forMs: number }
  /** Dead letters and delayed copies of a group fail for a time. */
  | { readonly kind: 'refuse-copies'; readonly group: number; readonly forMs: number }

/** What a close may wait for. */
export type CloseMoment = 'held-retry' | 'breaker-open' | 'batch-running'

export type ActionOf<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>

/** A step of a schedule. */
export interface Step {
  /** Its place in the schedule that was drawn; messages are named after it. */
  readonly number: number
  /** Decides what is left to chance in it. */
  readonly seed: number
  readonly action: Action
  /** Time that passes after it. */
  readonly thenMs: number
}

/** A whole run as data. */
export interface Schedule {
  readonly seed: number
  readonly plan: Plan
  readonly steps: readonly Step[]
}
