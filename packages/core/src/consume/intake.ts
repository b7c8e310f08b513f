import { fromAdapter } from '../errors/wrap.js'
import { SluiceError } from '../errors/sluice-error.js'
import type { Emitter } from '../model/emitter.js'
import type { AdapterError } from '../spi/adapter-error.js'
import type { Claim, Consumer, ConsumeSink, Notice } from '../spi/consuming.js'
import type { Inbound } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'
import { ClaimState } from './claim-state.js'
import type { Counters } from './counters.js'
import { PartitionState } from './partition-state.js'
import type { RecordedFailures } from './recorded-failures.js'
import type { Scheduler } from './scheduler.js'
import type { Settlement } from './settlement.js'
import type { Timing } from './timing.js'
import { Work } from './work.js'

/** Part of `holdMs` after which a claim is rewound: the rest is for handlers that still run. */
const holdShare = 0.75

export interface IntakeContext {
  readonly ref: GroupRef
  readonly ordered: boolean
  readonly singleGiveBack: boolean
  readonly timing: Timing
  readonly scheduler: () => Scheduler
  readonly settlement: Settlement
  readonly recorded: RecordedFailures
  readonly counters: Counters
  readonly emitter: Emitter
  readonly consumer: () => Consumer
  readonly failed: (error: SluiceError) => void
}

/** Receives claims and deliveries from the adapter, and takes back what core may no longer keep. */
export class Intake implements ConsumeSink {
  readonly #c: IntakeContext
  readonly #claims = new Map<Claim, ClaimState>()
  readonly #partitions = new Map<number, PartitionState>()
  #arrivals = 0
  #closing = false

  constructor(context: IntakeContext) {
    this.#c = context
  }

  get claims(): Iterable<ClaimState> {
    return this.#claims.values()
  }

  claimed(claim: Claim): void {
    const state = new ClaimState(claim, this.#partition(claim.partition))
    if (this.#closing) state.status = 'draining'
    this.#claims.set(claim, state)
    this.#emit(claim, 'claimed')
    if (claim.holdMs !== Infinity && !this.#closing) this.#watchHold(state, claim.holdMs * holdShare)
  }

  deliver(claim: Claim, deliveries: readonly Inbound[]): void {
    const state = this.#claims.get(claim)
    if (state === undefined || state.status === 'dead') return
    if (state.status !== 'active') {
      // What comes before a rewind stays open until then: given back, it would come again at once, and again.
      if (state.status === 'draining') for (const inbound of deliveries) this.#giveBackAtOnce(inbound)
      return
    }
    const { scheduler, timing, ordered, recorded, counters } = this.#c
    // Whole: a fraction would cost an object for each delivery. Rounded down, so that nothing is thought to be younger than it is.
    const nowMs = Math.floor(timing.clock.monotonic())
    counters.delivered += deliveries.length
    for (const inbound of deliveries) {
      const lane = state.partition.laneOf(inbound.key, ordered, inbound.id)
      const work = new Work(inbound, state, lane, this.#arrivals++, nowMs)
      recorded.recall(work)
      inbound.core = work
      state.works.add(work)
      lane.push(work)
      scheduler().offer(lane)
    }
    scheduler().pump()
  }

  revoking(claims: readonly Claim[], deadlineMs: number): Promise<void> {
    const states = this.#known(claims)
    return new Promise((resolve) => {
      this.#drain(states, deadlineMs, () => {
        // What was lost meanwhile is gone already, and was said to be.
        for (const { claim } of states) if (this.#claims.delete(claim)) this.#emit(claim, 'revoked')
        resolve()
      })
    })
  }

  lost(claims: readonly Claim[], cause: AdapterError): void {
    const states = this.#known(claims)
    // All of them first: to lose one lets others start, and none of these may.
    for (const state of states) state.status = 'dead'
    for (const state of states) {
      this.#claims.delete(state.claim)
      this.#acquit(state)
      this.#lose(
        state,
        new SluiceError('DELIVERY_LOST', `the claim was lost: ${cause.text}`, { ...this.#c.ref, cause }),
      )
      this.#emit(state.claim, 'lost')
    }
    this.#c.scheduler().pump()
  }

  failed(cause: AdapterError): void {
    this.#c.failed(fromAdapter(cause, this.#c.ref))
  }

  noticed({ kind, text, count }: Notice): void {
    this.#c.emitter.emit('notice', { ...this.#c.ref, kind, text, count })
  }

  /** Starts nothing more, gives back what waits, and calls `ended` when nothing runs or the deadline has passed. */
  close(deadlineMs: number, ended: () => void): void {
    this.#closing = true
    this.#drain([...this.#claims.values()], deadlineMs, ended)
  }

  /** Waits that the application asked for, or copies that cannot be stored. */
  *works(): Generator<Work, void, undefined> {
    for (const { works } of this.#claims.values()) yield* works
  }

  /** Everything of every claim ends here, without a word to the broker. */
  abandon(cause: SluiceError): void {
    this.#closing = true
    for (const state of this.#claims.values()) this.#lose(state, cause)
    this.#claims.clear()
  }

  #known(claims: readonly Claim[]): ClaimState[] {
    return claims.flatMap((claim) => this.#claims.get(claim) ?? [])
  }

  #partition(number: number): PartitionState {
    let partition = this.#partitions.get(number)
    if (partition === undefined) {
      partition = new PartitionState(number)
      this.#partitions.set(number, partition)
    }
    return partition
  }

  #drain(states: readonly ClaimState[], deadlineMs: number, ended: () => void): void {
    for (const state of states) if (state.status !== 'dead') state.status = 'draining'
    for (const state of states) this.#dropIdle(state)
    let open = states.length
    const finish = (): void => {
      cancel()
      for (const state of states) state.die()
      ended()
    }
    const cancel = this.#c.timing.timers.after(deadlineMs, () => {
      for (const state of states) {
        this.#acquit(state)
        this.#lose(
          state,
          new SluiceError('DEADLINE', `the handler still ran ${deadlineMs} ms after the drain had begun`, this.#c.ref),
        )
      }
    })
    if (open === 0) finish()
    for (const state of states) {
      state.whenIdle(() => {
        open -= 1
        if (open === 0) finish()
      })
    }
  }

  /** A suspect that took too long, or whose claim was lost under it, has not ended the process: its record would accuse it elsewhere. */
  #acquit(state: ClaimState): void {
    for (const work of state.works) {
      if (work.solo && work.state === 'running')
        this.#c
          .consumer()
          .recordStart(work.inbound, work.startsBefore)
          .catch(() => undefined)
    }
  }

  /** Lets go of everything that neither runs nor has a copy under way. */
  #dropIdle(state: ClaimState): void {
    const forming = new Set([...state.works].filter((work) => work.state === 'forming'))
    // First of all: what ends here may let a batch start.
    if (forming.size > 0) this.#c.scheduler().forget(forming)
    for (const work of [...state.works]) {
      const { lane } = work
      if (work.state === 'running' || work.state === 'copying' || work.state === 'ended') continue
      if (work.state === 'waiting') {
        lane.clear()
        this.#forget(work)
        lane.partition.free(lane)
      } else this.#c.settlement.leave(work)
      if (state.status === 'draining') this.#giveBackAtOnce(work.inbound)
    }
  }

  #lose(state: ClaimState, cause: SluiceError): void {
    const { recorded, counters } = this.#c
    state.status = 'dead'
    this.#dropIdle(state)
    for (const work of [...state.works]) {
      recorded.remember(work)
      work.lost = true
      counters.lost += 1
      work.lane.partition.keepForGhost(work)
      work.delivery?.abort(cause)
    }
    state.works.clear()
    state.die()
  }

  #forget(work: Work): void {
    work.state = 'ended'
    work.claim.works.delete(work)
    this.#c.recorded.remember(work)
  }

  /** Where the broker takes single deliveries back, others get them while handlers here still run. */
  #giveBackAtOnce(inbound: Inbound): void {
    if (this.#c.singleGiveBack && !inbound.claim.exclusive) this.#c.consumer().giveBack(inbound, 0)
  }

  // ---- the broker's limit on how long a delivery may stay open

  #watchHold(state: ClaimState, limitMs: number): void {
    const check = (): void => {
      if (state.status !== 'active') return
      const { oldest } = state.works
      const ageMs = oldest === undefined ? 0 : this.#c.timing.clock.monotonic() - oldest.arrivedMs
      const leftMs = limitMs - ageMs
      // Not to the last fraction of it: a wait too short for the clock to show would begin again and again.
      if (leftMs < Math.min(1, limitMs)) this.#rewind(state)
      else this.#c.timing.timers.after(leftMs, check)
    }
    this.#c.timing.timers.after(limitMs, check)
  }

  #rewind(state: ClaimState): void {
    state.status = 'rewinding'
    this.#dropIdle(state)
    state.whenIdle(() => {
      if (state.status !== 'rewinding') return
      state.die()
      this.#claims.delete(state.claim)
      this.#emit(state.claim, 'rewound')
      // A rejection means that the connection was lost meanwhile, which has the same effect.
      this.#c
        .consumer()
        .rewind(state.claim)
        .catch(() => undefined)
    })
  }

  #emit(claim: Claim, state: 'claimed' | 'revoked' | 'lost' | 'rewound'): void {
    this.#c.emitter.emit('claim', { ...this.#c.ref, partition: claim.partition, state })
  }
}
