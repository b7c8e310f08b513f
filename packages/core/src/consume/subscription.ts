import { toSluiceError } from '../errors/wrap.js'
import { checkKeys, checkMs, checkOneOf } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { Breaker } from '../failure/breaker.js'
import type { CopySender } from '../failure/copy-sender.js'
import type { SoloLock } from '../failure/crash-guard.js'
import { bounded } from '../kit/bounded.js'
import { createTimerHeap } from '../kit/timer-heap.js'
import type { Clock } from '../model/clock.js'
import type { Emitter } from '../model/emitter.js'
import type { CloseReport, StuckKey, SubscriptionState, SubscriptionStats } from '../model/health.js'
import { decodeKey } from '../model/key.js'
import type { Logger } from '../model/logger.js'
import type { Tracer } from '../model/trace.js'
import type { Adapter } from '../spi/adapter.js'
import type { Consumer } from '../spi/consuming.js'
import type { GroupRef } from '../spi/sending.js'
import { newCounters, type Counters } from './counters.js'
import type { Decoder } from './decode.js'
import { Dedupe } from './dedupe.js'
import { Gate } from './gate.js'
import { Intake } from './intake.js'
import type { CloseOptions } from './options.js'
import { RecordedFailures } from './recorded-failures.js'
import type { ResolvedOptions } from './resolve-options.js'
import type { Invoke } from './invoke.js'
import { createRunner } from './run.js'
import { Scheduler } from './scheduler.js'
import { Settlement } from './settlement.js'
import type { HeldMessage, ReleaseOptions, Subscription } from './subscription-handle.js'
import type { Timing } from './timing.js'
import type { Work } from './work.js'

/** Deadline of `close` when none is given. */
export const defaultCloseDeadlineMs = 25_000

/** After the deadline the broker still gets this long to be told goodbye. */
const goodbyeMs = 1_000

export interface SubscriptionContext {
  readonly ref: GroupRef
  readonly options: ResolvedOptions
  readonly adapter: Adapter
  readonly clock: Clock
  readonly log: Logger
  readonly emitter: Emitter
  readonly copies: CopySender
  readonly solo: SoloLock
  readonly tracer: Tracer | undefined
  readonly decode: Decoder
  readonly invoke: Invoke
  /** Called when a close begins: what the form of the subscription has not handed to anybody goes back. */
  readonly closing: (() => void) | undefined
  readonly maxMessageBytes: () => number
  /** It has ended, for whatever reason. */
  readonly ended: (subscription: CoreSubscription) => void
}

/** One running consumption: makes the parts, connects them, and is their life cycle. */
export class CoreSubscription implements Subscription {
  readonly topic: string
  readonly group: string
  readonly closed: Promise<void>
  readonly #c: SubscriptionContext
  readonly #timing: Timing
  readonly #counters: Counters = newCounters()
  readonly #gate: Gate
  readonly #scheduler: Scheduler
  readonly #intake: Intake
  readonly #breaker: Breaker | undefined
  readonly #dedupe: Dedupe | undefined
  readonly #settlement: Settlement
  #consumer: Consumer | undefined
  #state: 'running' | 'closing' | 'closed' | 'failed' = 'running'
  #closing: Promise<CloseReport> | undefined
  #resolveClosed: () => void = () => undefined
  #rejectClosed: (error: SluiceError) => void = () => undefined

  constructor(context: SubscriptionContext) {
    const { ref, options, clock, emitter, adapter, copies } = context
    this.#c = context
    this.topic = ref.topic
    this.group = ref.group
    this.closed = new Promise((resolve, reject) => {
      this.#resolveClosed = resolve
      this.#rejectClosed = reject
    })
    // Whoever does not listen learns of a failure by event, health and warning.
    this.closed.catch(() => undefined)
    const timing = { clock, timers: createTimerHeap(clock) }
    this.#timing = timing
    const scheduler = (): Scheduler => this.#scheduler
    const consumer = (): Consumer => this.#consumer as Consumer
    const pump = (): void => this.#scheduler.pump()
    const breaker =
      options.breaker &&
      new Breaker(options.breaker, {
        after: (ms, run) => timing.timers.after(ms, run),
        changed: this.#breakerChanged,
        wake: pump,
      })
    const gate = new Gate(timing.timers, breaker, pump)
    const dedupe = options.idempotency && new Dedupe({ ref, idempotency: options.idempotency, timing, gate, emitter })
    const recorded = new RecordedFailures()
    const counters = this.#counters
    const singleGiveBack = adapter.capabilities.giveBack === 'single'
    const { durableDelay, groupAddress, attemptRecord } = adapter.capabilities
    const settlement = new Settlement({
      ...{ ref, options, timing, consumer, copies, scheduler, breaker, dedupe, recorded, counters, emitter },
      ...{
        singleGiveBack,
        attemptRecord,
        durableDelay: durableDelay && groupAddress,
        maxMessageBytes: context.maxMessageBytes,
      },
    })
    const start = createRunner({
      ...{ ref, dedupe, settlement, scheduler, consumer, timing, emitter },
      ...{
        decode: context.decode,
        invoke: context.invoke,
        tracer: context.tracer,
        handlerTimeoutMs: options.handlerTimeoutMs,
      },
    })
    this.#scheduler = new Scheduler(options, timing, gate, context.solo, start)
    this.#intake = new Intake({
      ...{
        ref,
        ordered: options.order === 'key',
        singleGiveBack,
        timing,
        scheduler,
        settlement,
        recorded,
        counters,
        emitter,
        consumer,
      },
      failed: (error) => this.#fail(error),
    })
    this.#gate = gate
    this.#breaker = breaker
    this.#dedupe = dedupe
    this.#settlement = settlement
    gate.close('starting')
    if (options.rateLimit !== undefined) {
      gate.useLimiter(options.rateLimit.attach({ ...ref, clock, log: context.log, wake: () => gate.limiterWoke() }))
    }
  }

  /** Joins the group. Deliveries that come before the adapter has handed over its consumer wait. */
  async begin(signal: AbortSignal): Promise<void> {
    const { adapter, ref, options } = this.#c
    const { order, from, onPositionLost, window, handOverMs } = options
    try {
      this.#consumer = await adapter.consume(
        { group: ref, order, from, onPositionLost, window, drainMs: handOverMs },
        this.#intake,
        signal,
      )
    } catch (error) {
      this.#stop()
      this.#state = 'closed'
      this.#resolveClosed()
      throw toSluiceError(error, ref)
    }
    if (this.#state === 'failed') {
      // It failed before the adapter had handed over its consumer, which then nobody has closed.
      await this.#bounded(goodbyeMs, (closing) => this.#consumer?.close(closing))
      return
    }
    if (this.#gate.isClosed('paused')) this.#consumer.pause()
    this.#gate.open('starting')
  }

  get state(): SubscriptionState {
    if (this.#state !== 'running') return this.#state
    if (this.#gate.isClosed('paused')) return 'paused'
    if (this.#gate.isClosed('store-down') || this.#dedupe?.down === true) return 'store-down'
    return this.#breaker?.open === true ? 'breaker-open' : 'running'
  }

  pause(): void {
    if (this.#state !== 'running' || this.#gate.isClosed('paused')) return
    this.#gate.close('paused')
    this.#consumer?.pause()
  }

  resume(): void {
    if (this.#state !== 'running' || !this.#gate.isClosed('paused')) return
    this.#consumer?.resume()
    this.#gate.open('paused')
  }

  stats(): SubscriptionStats {
    const states = this.#census()
    const { delivered, acked, retried, deadLettered, givenBack, lost, skipped } = this.#counters
    return {
      ...{ delivered, acked, retried, deadLettered, givenBack, lost, skipped },
      running: this.#scheduler.running,
      waiting: states.waiting,
      held: states.held,
      partitions: [...this.#intake.claims].map(({ claim }) => claim.partition).toSorted((a, b) => a - b),
    }
  }

  /** Keys that stand still, for health. */
  stuck(): readonly StuckKey[] {
    const now = this.#timing.clock.monotonic()
    return [...this.#intake.works()].flatMap((work) => {
      const reason = stuckReason(work)
      return reason === undefined ? [] : [{ id: work.id, reason, sinceMs: now - work.sinceMs }]
    })
  }

  held(): readonly HeldMessage[] {
    const now = this.#timing.clock.monotonic()
    return [...this.#intake.works()].flatMap((work) =>
      work.state === 'held'
        ? [
            {
              id: work.id,
              key: work.inbound.key === null ? null : decodeKey(work.inbound.key),
              error: work.lastError,
              sinceMs: now - work.sinceMs,
            },
          ]
        : [],
    )
  }

  release(options: ReleaseOptions = {}): number {
    checkKeys('release', options, ['id', 'as'])
    checkOneOf('release.as', options.as, ['retry', 'dead-letter'])
    if (options.id !== undefined && typeof options.id !== 'string') {
      throw new SluiceError('INVALID_OPTION', 'release.id must be a text: the id of a message of held()', {
        field: 'release.id',
      })
    }
    const works = [...this.#intake.works()].filter(
      (w) => w.state === 'held' && (options.id === undefined || w.id === options.id),
    )
    for (const work of works) this.#settlement.releaseHeld(work, options.as ?? 'retry')
    return works.length
  }

  async close(options: CloseOptions = {}): Promise<CloseReport> {
    checkKeys('close', options, ['deadlineMs'])
    checkMs('close.deadlineMs', options.deadlineMs)
    this.#closing ??= this.#drainAndLeave(options.deadlineMs ?? defaultCloseDeadlineMs)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #drainAndLeave(deadlineMs: number): Promise<CloseReport> {
    const { clock } = this.#timing
    if (this.#state === 'failed') {
      this.#state = 'closed'
      this.#c.ended(this)
      return cleanReport
    }
    this.#state = 'closing'
    this.#gate.close('closing')
    this.#c.closing?.()
    const { waiting, held } = this.#census()
    const started = clock.monotonic()
    const leftMs = (): number => Math.max(0, deadlineMs - (clock.monotonic() - started))
    // Resolved by the same deadline, whatever the broker does.
    const stopped = this.#bounded(deadlineMs, () => this.#consumer?.stop())
    const lostBefore = this.#counters.lost
    await new Promise<void>((resolve) => this.#intake.close(deadlineMs, resolve))
    await stopped
    const leftRunning = this.#counters.lost - lostBefore
    const stored = await this.#bounded(leftMs() + goodbyeMs, (signal) => this.#consumer?.stored(signal))
    await this.#bounded(leftMs() + goodbyeMs, (signal) => this.#consumer?.close(signal))
    this.#stop()
    this.#state = 'closed'
    this.#resolveClosed()
    this.#c.ended(this)
    return { clean: leftRunning === 0 && stored, leftRunning, leftWaiting: waiting + held, leftPublishes: 0 }
  }

  #bounded(ms: number, run: (signal: AbortSignal) => Promise<void> | undefined): Promise<boolean> {
    return bounded({ clock: this.#timing.clock, log: this.#c.log, ms }, run)
  }

  /** Terminal: nobody but a person can help. */
  #fail(error: SluiceError): void {
    if (this.#state !== 'running') return
    this.#state = 'failed'
    this.#gate.close('closing')
    this.#intake.abandon(error)
    void this.#bounded(goodbyeMs, (signal) => this.#consumer?.close(signal))
    this.#stop()
    this.#rejectClosed(error)
    this.#c.ended(this)
  }

  #stop(): void {
    this.#gate.stop()
    this.#breaker?.stop()
    this.#dedupe?.stop()
    this.#scheduler.stop()
    this.#timing.timers.clear()
  }

  #breakerChanged = (state: 'open' | 'closed'): void => {
    this.#c.emitter.emit('breaker', { ...this.#c.ref, state })
  }

  #census(): { waiting: number; held: number } {
    let waiting = 0
    let held = 0
    for (const { state } of this.#intake.works()) {
      if (state === 'waiting' || state === 'forming') waiting += 1
      else if (state === 'holding' || state === 'held') held += 1
    }
    return { waiting, held }
  }
}

const cleanReport: CloseReport = { clean: true, leftRunning: 0, leftWaiting: 0, leftPublishes: 0 }

function stuckReason(work: Work): StuckKey['reason'] | undefined {
  if (work.state === 'held') return 'held'
  if (work.copyFailures > 0) return 'dead-letter-failed'
  return work.overdue ? 'overdue' : undefined
}
