import type { Cancel } from '../model/clock.js'
import type { Message } from '../model/message.js'
import type { Inbound } from '../spi/envelope.js'
import type { ClaimState } from './claim-state.js'
import type { CoreDelivery } from './delivery.js'
import type { Lane } from './lane.js'

/**
 * Where an open delivery stands. `waiting`: in its lane. `forming`: member of a batch that fills up. `running`: decode to handler end.
 * `holding`: a retry, give-back or busy id waits in place. `copying`: its dead letter or delayed copy is on its way. `held`: a person
 * has to release it. `ended`: core is done with it.
 */
export type WorkState = 'waiting' | 'forming' | 'running' | 'holding' | 'copying' | 'held' | 'ended'

/** One open delivery, from the adapter's hand-over until core is done with it. */
export class Work {
  readonly inbound: Inbound
  readonly claim: ClaimState
  readonly lane: Lane
  readonly arrivedMs: number
  /** Grows with each delivery of the subscription. */
  readonly arrival: number
  state: WorkState = 'waiting'
  /** Its place in its lane. */
  behind: Work | undefined = undefined
  /** Its place among the open deliveries of its claim. */
  older: Work | undefined = undefined
  newer: Work | undefined = undefined
  open = false
  /** Failed attempts of this message in this group, as far as is known here. */
  failures: number
  firstFailureMs: number | undefined
  /** Wall times, for the dead letter. */
  firstFailureAt: number | undefined
  lastFailureAt: number | undefined
  lastError: unknown
  /** Not before this monotonic time; 0 = at once. */
  notBeforeMs = 0
  /** The broker hands it over again: nothing of it is settled any more. */
  lost = false
  /** Comes alone, because a batch that it was part of has failed. */
  single = false
  /** Hand-overs that this process has lived through: it did not end at them, whatever the broker counts. */
  survivedHandovers = 0
  /** It has run in this process without ending it. */
  survived = false
  /** Starts it is alone with, while the crash guard suspects it. */
  solo = false
  /** Recorded starts before this process recorded its own: what is true again when it lives on. */
  startsBefore = 0
  /** Lets the breaker find out whether the handler works again. */
  probe = false
  /** Decoded once, kept for retries. */
  message: Message | undefined
  delivery: CoreDelivery | undefined
  /** Proof of the idempotency claim while it runs. */
  fence: string | undefined
  cancelHold: Cancel | undefined
  overdue = false
  /** Times that its dead letter could not be stored. */
  copyFailures = 0
  sinceMs: number

  constructor(inbound: Inbound, claim: ClaimState, lane: Lane, arrival: number, nowMs: number) {
    this.inbound = inbound
    this.claim = claim
    this.lane = lane
    this.arrival = arrival
    this.arrivedMs = nowMs
    this.sinceMs = nowMs
    this.failures = inbound.failures
  }

  /** Earlier hand-overs after which a process may have ended. */
  get suspectHandovers(): number {
    return (this.inbound.handovers ?? 0) - this.survivedHandovers
  }

  /** Identity inside the partition, for what is remembered while the broker hands it over again. */
  get identity(): string | undefined {
    const { id, position } = this.inbound
    return position ?? id
  }

  get id(): string {
    return this.inbound.id ?? this.inbound.position ?? ''
  }
}

/** Lost, or its claim is being handed over: a handler that has not started does not start any more. */
export const gone = (work: Work): boolean => work.lost || work.claim.status !== 'active'
