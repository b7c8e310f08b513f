import { isPermanentError } from '../errors/handler-errors.js'
import { SluiceError } from '../errors/sluice-error.js'
import { textOf } from '../errors/text-of.js'
import type { Breaker } from '../failure/breaker.js'
import type { CopySender } from '../failure/copy-sender.js'
import { deadLetterEnvelope } from '../failure/dead-letter.js'
import { decide } from '../failure/decide.js'
import { delayedCopyEnvelope } from '../failure/delayed-copy.js'
import { exponentialBackoff, type Backoff } from '../kit/backoff.js'
import type { Emitter } from '../model/emitter.js'
import type { Consumer } from '../spi/consuming.js'
import type { GroupRef } from '../spi/sending.js'
import type { Counters } from './counters.js'
import type { Dedupe } from './dedupe.js'
import type { Outcome } from './outcome.js'
import type { RecordedFailures } from './recorded-failures.js'
import type { ResolvedOptions } from './resolve-options.js'
import type { Scheduler } from './scheduler.js'
import type { Timing } from './timing.js'
import type { Work } from './work.js'

/** From this delay on a message of an unordered subscription waits at the broker instead of in this process. */
const durableDelayFromMs = 30_000
const copyTimeoutMs = 30_000

export interface SettlementContext {
  readonly ref: GroupRef
  readonly options: ResolvedOptions
  readonly timing: Timing
  readonly consumer: () => Consumer
  readonly copies: CopySender
  readonly scheduler: () => Scheduler
  readonly breaker: Breaker | undefined
  readonly dedupe: Dedupe | undefined
  readonly recorded: RecordedFailures
  readonly counters: Counters
  readonly emitter: Emitter
  /** What a message may measure, for the headers of a dead letter. */
  readonly maxMessageBytes: () => number
  /** Whether the adapter keeps delayed messages for a group, and failure counts. */
  readonly durableDelay: boolean
  readonly attemptRecord: boolean
  readonly singleGiveBack: boolean
}

/**
 * What happens to a delivery when its handler has ended. Each path ends in exactly one of: done at the broker, waiting in place,
 * replaced by a confirmed copy, or left to the broker. The lane stays closed until then.
 */
export class Settlement {
  readonly #c: SettlementContext
  readonly #copyBackoff: Backoff = exponentialBackoff({ fromMs: 200, toMs: 10_000 })

  constructor(context: SettlementContext) {
    this.#c = context
  }

  apply(work: Work, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'ack':
        this.#c.breaker?.succeeded()
        work.probe = false
        if (work.fence === undefined || this.#c.dedupe === undefined) this.#done(work, 'acked')
        else this.#complete(this.#c.dedupe, work)
        return
      case 'retry':
        this.#failed(work, outcome)
        return
      case 'dead-letter':
        this.#probeEnded(work)
        work.lastError = outcome.error
        this.#release(work, () => this.deadLetter(work, outcome.error))
        return
      case 'give-back':
        this.#probeEnded(work)
        this.#c.counters.givenBack += 1
        this.#release(work, () => this.#giveBack(work, outcome.delayMs))
    }
  }

  /** Already handled by an earlier delivery: nothing ran. */
  skip(work: Work): void {
    this.#probeEnded(work)
    this.#done(work, 'skipped')
  }

  /** Waits in place, without a slot, and counts nothing. */
  hold(work: Work, delayMs: number): void {
    this.#probeEnded(work)
    this.#release(work, () => this.#rest(work, delayMs))
  }

  /** Goes back to the head of its lane at once. */
  requeue(work: Work): void {
    if (work.claim.status !== 'active' || work.lost) {
      this.leave(work)
      return
    }
    this.#probeEnded(work)
    work.state = 'waiting'
    work.claim.leave()
    work.lane.occupied -= 1
    work.lane.putBack(work)
    this.#next(work)
  }

  /** It did not run and is left to the broker; the store may give its id to the next owner. */
  abandon(work: Work): void {
    this.#release(work, () => this.leave(work))
  }

  /** Core lets go without ending it: the broker hands it over again. The work has left its lane's queue. */
  leave(work: Work): void {
    this.#probeEnded(work)
    const busy = work.state === 'running' || work.state === 'copying'
    work.cancelHold?.()
    work.cancelHold = undefined
    work.state = 'ended'
    work.lane.occupied -= 1
    work.claim.works.delete(work)
    if (!work.lost) this.#c.recorded.remember(work)
    if (busy) work.claim.leave()
    this.#next(work)
  }

  /** It was lost under a handler that did not end the process: its redelivery, which waits behind it or is to come, is no suspect. */
  acquit(work: Work): void {
    const next = work.lane.first
    if (next !== undefined && next.identity === work.identity) next.survived = true
    else this.#c.recorded.remember(work)
  }

  deadLetter(work: Work, error: unknown): void {
    if (work.lost) {
      this.leave(work)
      return
    }
    const { ref, timing, copies, emitter } = this.#c
    work.state = 'copying'
    const envelope = deadLetterEnvelope({
      work,
      error,
      ref,
      nowMs: timing.clock.now(),
      maxBytes: this.#c.maxMessageBytes(),
    })
    const destination = { to: 'dead-letter', group: ref } as const
    copies.send({ destination, partition: work.inbound.claim.partition, envelope, timeoutMs: copyTimeoutMs }).then(
      () => {
        const attempts = work.failures
        emitter.emit('deadLetter', { ...ref, id: work.id, attempts, reason: textOf(error) })
        this.#done(work, 'deadLettered')
      },
      (failure: unknown) => this.#deadLetterFailed(work, error, failure),
    )
  }

  /** An operator ends the hold. */
  releaseHeld(work: Work, as: 'retry' | 'dead-letter'): void {
    // Releasing the one before may have started a handler that released this one.
    if (work.state !== 'held') return
    work.claim.enter()
    if (as === 'dead-letter') {
      this.deadLetter(work, work.lastError)
      return
    }
    work.failures = 0
    work.firstFailureMs = undefined
    work.state = 'running'
    this.requeue(work)
    this.#c.scheduler().pump()
  }

  #failed(work: Work, { error, asked, delayMs: wantedDelayMs }: Extract<Outcome, { kind: 'retry' }>): void {
    const { breaker, options, timing } = this.#c
    work.lastError = error
    if (asked || isPermanentError(error)) this.#probeEnded(work)
    else if (breaker?.failed(work.probe) === false) {
      // The handler fails whatever it gets: not the fault of this message.
      work.probe = false
      this.#release(work, () => this.requeue(work))
      return
    }
    work.probe = false
    this.#note(work)
    const elapsedMs = timing.clock.monotonic() - (work.firstFailureMs as number)
    const decision = decide({ error, attempt: work.failures, elapsedMs }, options.retry, wantedDelayMs)
    this.#release(work, () => {
      if (decision.kind === 'retry') this.#retry(work, error, decision.delayMs)
      else if (decision.kind === 'exhausted' && options.onExhausted === 'hold') this.#keep(work, error)
      else this.deadLetter(work, error)
    })
  }

  #note(work: Work): void {
    const { clock } = this.#c.timing
    work.failures += 1
    work.firstFailureMs ??= clock.monotonic()
    work.firstFailureAt ??= clock.now()
    work.lastFailureAt = clock.now()
  }

  #retry(work: Work, error: unknown, delayMs: number): void {
    const { counters, emitter, ref, options, durableDelay } = this.#c
    counters.retried += 1
    if (emitter.heard('retry')) emitter.emit('retry', { ...ref, id: work.id, attempt: work.failures, delayMs, error })
    const { placement } = options.retry === false ? { placement: 'in-place' as const } : options.retry
    const mayMove = options.order === 'none' && durableDelay && placement !== 'in-place'
    if (mayMove && (placement === 'delayed' || delayMs >= durableDelayFromMs)) this.#moveToDelay(work, delayMs)
    else this.#waitInPlace(work, delayMs)
  }

  /** The count is stored while the message waits; neither is awaited for the other's sake but both for the next attempt. */
  #waitInPlace(work: Work, delayMs: number): void {
    const { attemptRecord } = this.#c
    const consumer = this.#c.consumer()
    if (!attemptRecord || consumer.record === undefined) {
      this.#rest(work, delayMs)
      return
    }
    const dueMs = this.#c.timing.clock.monotonic() + delayMs
    const rest = (): void => this.#rest(work, Math.max(0, dueMs - this.#c.timing.clock.monotonic()))
    consumer.record(work.inbound, work.failures).then(rest, rest)
  }

  #rest(work: Work, delayMs: number): void {
    if (work.lost || work.claim.status !== 'active') {
      work.notBeforeMs = this.#c.timing.clock.monotonic() + delayMs
      this.leave(work)
      return
    }
    work.state = 'holding'
    work.notBeforeMs = delayMs > 0 ? this.#c.timing.clock.monotonic() + delayMs : 0
    work.claim.leave()
    work.cancelHold = this.#c.timing.timers.after(delayMs, () => {
      work.cancelHold = undefined
      work.notBeforeMs = 0
      work.state = 'waiting'
      work.lane.occupied -= 1
      work.lane.putBack(work)
      this.#c.scheduler().offer(work.lane)
      this.#c.scheduler().pump()
    })
    this.#c.scheduler().pump()
  }

  #moveToDelay(work: Work, delayMs: number): void {
    const { ref, copies, timing } = this.#c
    if (work.lost) {
      this.leave(work)
      return
    }
    work.state = 'copying'
    const dueMs = timing.clock.monotonic() + delayMs
    // When it is lost on the way, the original comes again as well, and may not come earlier than its copy would.
    work.notBeforeMs = dueMs
    const destination = { to: 'group', group: ref, delayMs } as const
    const envelope = delayedCopyEnvelope(work)
    copies.send({ destination, partition: work.inbound.claim.partition, envelope, timeoutMs: copyTimeoutMs }).then(
      () => this.#done(work, undefined),
      () => this.#rest(work, Math.max(0, dueMs - timing.clock.monotonic())),
    )
  }

  #deadLetterFailed(work: Work, error: unknown, failure: unknown): void {
    const { ref, emitter, timing } = this.#c
    const cause =
      failure instanceof SluiceError
        ? failure
        : new SluiceError('INTERNAL', 'the dead letter could not be sent', { cause: failure })
    emitter.emit('deadLetterFailed', { ...ref, id: work.id, error: cause })
    if (work.lost || work.claim.status !== 'active') {
      this.leave(work)
      return
    }
    work.copyFailures += 1
    work.sinceMs = work.copyFailures === 1 ? timing.clock.monotonic() : work.sinceMs
    work.state = 'holding'
    work.claim.leave()
    work.cancelHold = timing.timers.after(this.#copyBackoff(work.copyFailures), () => {
      work.cancelHold = undefined
      work.claim.enter()
      this.deadLetter(work, error)
    })
  }

  #keep(work: Work, error: unknown): void {
    if (work.lost || work.claim.status !== 'active') {
      this.leave(work)
      return
    }
    work.state = 'held'
    work.sinceMs = this.#c.timing.clock.monotonic()
    work.claim.leave()
    this.#c.emitter.emit('held', { ...this.#c.ref, id: work.id, error })
    this.#c.scheduler().pump()
  }

  #giveBack(work: Work, delayMs: number): void {
    const { singleGiveBack, timing } = this.#c
    // With a key, or where only a whole claim can go back, the message waits here: the same owner gets it again, in order.
    if (work.inbound.claim.exclusive || !singleGiveBack || work.lost || work.claim.status !== 'active') {
      this.#rest(work, delayMs)
      return
    }
    work.state = 'holding'
    work.claim.leave()
    work.cancelHold = timing.timers.after(delayMs, () => {
      work.cancelHold = undefined
      this.#c.consumer().giveBack(work.inbound, 0)
      this.leave(work)
    })
    this.#c.scheduler().pump()
  }

  #done(work: Work, count: 'acked' | 'skipped' | 'deadLettered' | undefined): void {
    if (!work.lost) {
      this.#c.consumer().done(work.inbound)
      if (count !== undefined) this.#c.counters[count] += 1
    }
    work.state = 'ended'
    work.lane.occupied -= 1
    work.claim.works.delete(work)
    work.claim.leave()
    this.#next(work)
  }

  #next(work: Work): void {
    const scheduler = this.#c.scheduler()
    scheduler.offer(work.lane)
    scheduler.pump()
  }

  #probeEnded(work: Work): void {
    if (!work.probe) return
    work.probe = false
    this.#c.breaker?.probeEnded()
  }

  #complete(dedupe: Dedupe, work: Work): void {
    const done = (): void => this.#done(work, 'acked')
    dedupe.complete(work, done, (retryMs) => this.#rest(work, retryMs))
  }

  #release(work: Work, then: () => void): void {
    if (work.fence === undefined || this.#c.dedupe === undefined) then()
    else this.#c.dedupe.release(work, then)
  }
}
