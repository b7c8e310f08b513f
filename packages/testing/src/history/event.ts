/** How a handler run ended: what the handler did, as seen by the one who wrote it. */
export type HandlerOutcome = 'ok' | 'failed' | 'retried' | 'given-back' | 'dead-lettered' | 'lost'

/** What a delivery was settled as. */
export type Settlement = 'acked' | 'retried' | 'dead-lettered' | 'given-back'

/** How a publish ended. */
export type PublishResult = 'ok' | 'refused' | 'uncertain'

/**
 * What happened to an instance, seen from outside.
 *
 * - `killed`: the process ended without warning. Record it when its end was observed.
 * - `claim-lost`: a partition was taken away without notice.
 * - `connection-lost` / `connection-restored`: from the cut to the cure. Without an instance it concerns all of them (the
 *   broker was down). A frozen process is a lost connection from its stop to its continuation.
 * - `drain-expired`: the drain deadline passed with deliveries unsettled.
 * - `drained`, `closed`: a stop in good order; nothing may start on the instance (in the named group) afterwards.
 * - `handed-over`: a partition went to another instance by plan. It excuses nothing.
 */
export type FaultKind =
  | 'killed'
  | 'claim-lost'
  | 'connection-lost'
  | 'connection-restored'
  | 'drain-expired'
  | 'drained'
  | 'closed'
  | 'handed-over'

/** A call of `publish`. */
export interface PublishInvoked {
  readonly kind: 'publish-invoked'
  /** Monotonic milliseconds, one clock for all instances. */
  readonly time: number
  /** Number of this call inside its history; the result refers to it. */
  readonly publish: number
  readonly topic: string
  readonly id: string
  /** Ordering key as text; null means no lane. */
  readonly key: string | null
  /** Position among the messages of this topic, key and publisher. */
  readonly sequence: number
  readonly publisher: string
  readonly instance: string
}

/** The result of a call of `publish`. */
export interface PublishEnded {
  readonly kind: 'publish-ok' | 'publish-refused' | 'publish-uncertain'
  readonly time: number
  readonly publish: number
}

/** A handler was called with a message. */
export interface HandlerStarted {
  readonly kind: 'handler-started'
  readonly time: number
  /** Number of this run inside its history; end and settlement refer to it. */
  readonly run: number
  readonly topic: string
  readonly id: string
  readonly key: string | null
  readonly group: string
  readonly instance: string
  /** The attempt that the delivery showed to the handler. */
  readonly attempt: number
  /** Partition, or null where it is not known. */
  readonly partition: number | null
  /** Runs of one instance with the same number were handed over in one array; null for a single message. */
  readonly batch: number | null
}

/** A handler run ended. */
export interface HandlerEnded {
  readonly kind: 'handler-ended'
  readonly time: number
  readonly run: number
  readonly outcome: HandlerOutcome
}

/** A delivery was settled. Optional: without it the outcome of the run decides (`ok` is an ack). */
export interface Settled {
  readonly kind: 'settled'
  readonly time: number
  readonly run: number
  readonly settlement: Settlement
}

/** One copy was seen in the dead letters of a group, or an operator moved one back from there. */
export interface DeadLetterEvent {
  readonly kind: 'dead-letter-seen' | 'redriven'
  readonly time: number
  readonly topic: string
  readonly id: string
  readonly group: string
}

/** Where the broker put a copy. */
export type CopyPlace = 'topic' | 'group' | 'dead-letters'

/**
 * The broker has stored one copy of a message. Optional: where a history has such facts, the number of copies is taken from them
 * and not from the doubts of the publishers.
 */
export interface CopyStored {
  readonly kind: 'copy-stored'
  readonly time: number
  readonly topic: string
  readonly id: string
  /** null: for all groups of the topic. */
  readonly group: string | null
  /** Who has sent it. */
  readonly instance: string
  readonly place: CopyPlace
}

/** The broker knows one copy as done with in a group: it is never handed over again. Optional. */
export interface BrokerSettled {
  readonly kind: 'broker-settled'
  readonly time: number
  readonly topic: string
  readonly id: string
  readonly group: string
  /** Who has said so. */
  readonly instance: string
}

/** Something happened to an instance, or to one of its partitions. */
export interface FaultEvent {
  readonly kind: FaultKind
  readonly time: number
  /** null concerns every instance. */
  readonly instance: string | null
  /** null concerns every topic. */
  readonly topic: string | null
  /** null concerns every group. */
  readonly group: string | null
  /** null concerns every partition. */
  readonly partition: number | null
}

/** One recorded event. */
export type HistoryEvent =
  | PublishInvoked
  | PublishEnded
  | HandlerStarted
  | HandlerEnded
  | Settled
  | DeadLetterEvent
  | CopyStored
  | BrokerSettled
  | FaultEvent

/** The name of an event. */
export type EventKind = HistoryEvent['kind']
