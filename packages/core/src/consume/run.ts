import { SluiceError } from '../errors/sluice-error.js'
import { textOf } from '../errors/text-of.js'
import { judgeCrash } from '../failure/crash-guard.js'
import type { Message } from '../model/message.js'
import type { Tracer } from '../model/trace.js'
import type { Consumer } from '../spi/consuming.js'
import type { Emitter } from '../model/emitter.js'
import type { GroupRef } from '../spi/sending.js'
import type { Cancel } from '../model/clock.js'
import type { Decoder } from './decode.js'
import type { Dedupe } from './dedupe.js'
import { CoreDelivery } from './delivery.js'
import { acked, type Outcome } from './outcome.js'
import type { Scheduler } from './scheduler.js'
import type { Settlement } from './settlement.js'
import type { Timing } from './timing.js'
import type { Work } from './work.js'

/** Calls the application for one or several deliveries that were prepared. */
export type Invoke = (deliveries: readonly CoreDelivery[]) => unknown

export interface RunContext {
  readonly ref: GroupRef
  readonly decode: Decoder
  readonly invoke: Invoke
  readonly dedupe: Dedupe | undefined
  readonly tracer: Tracer | undefined
  readonly settlement: Settlement
  readonly scheduler: () => Scheduler
  readonly consumer: () => Consumer
  readonly timing: Timing
  readonly emitter: Emitter
  readonly handlerTimeoutMs: number | undefined
}

/** A suspect whose start cannot be recorded waits this long before the next try. */
const recordRetryMs = 1_000

/** One call of the application: the members that are ready for it, and those that still are being prepared. */
interface Call {
  readonly works: readonly Work[]
  readonly ready: Set<Work>
  preparing: number
}

/** Takes works from decoding to the end of the handler, and hands each with its outcome to the settlement. */
export class Runner {
  readonly #c: RunContext

  constructor(context: RunContext) {
    this.#c = context
  }

  start = (works: readonly Work[]): void => {
    const call: Call = { works, ready: new Set(), preparing: works.length }
    for (const work of works) this.#decode(work, call)
  }

  #decode(work: Work, call: Call): void {
    if (work.message !== undefined) {
      this.#guard(work, work.message, call)
      return
    }
    let decoded: Message | Promise<Message>
    try {
      decoded = this.#c.decode(work.inbound)
    } catch (error) {
      this.#undecodable(work, error, call)
      return
    }
    if (decoded instanceof Promise) {
      decoded.then(
        (message) => this.#guard(work, message, call),
        (error: unknown) => this.#undecodable(work, error, call),
      )
    } else this.#guard(work, decoded, call)
  }

  #undecodable(work: Work, error: unknown, call: Call): void {
    work.lastError = error
    this.#drop(work, call, () => this.#c.settlement.apply(work, { kind: 'dead-letter', error }))
  }

  #guard(work: Work, message: Message, call: Call): void {
    work.message = message
    if (gone(work)) {
      this.#drop(work, call, () => this.#c.settlement.leave(work))
      return
    }
    const { handovers = 0, starts } = work.inbound
    if (work.solo && judgeCrash({ handovers, starts, survived: work.survived }) === 'convicted') {
      const text = `the message was handed over ${handovers} times without an end, the last ${starts} times alone in its process`
      const error = new SluiceError('CRASH_LOOP', text, { ...this.#c.ref, messageId: message.id })
      this.#drop(work, call, () => this.#c.settlement.apply(work, { kind: 'dead-letter', error }))
    } else this.#claim(work, message, call)
  }

  #claim(work: Work, message: Message, call: Call): void {
    const { dedupe, settlement } = this.#c
    if (dedupe === undefined) {
      this.#record(work, call)
      return
    }
    dedupe.claim(work, message, {
      run: () => this.#record(work, call),
      done: () => this.#drop(work, call, () => (work.lost ? settlement.leave(work) : settlement.skip(work))),
      busy: (retryMs) => this.#drop(work, call, () => settlement.hold(work, retryMs)),
      refused: (error) => this.#drop(work, call, () => settlement.apply(work, { kind: 'dead-letter', error })),
    })
  }

  /** The start of a suspect is on record before it can end the process, and only if nothing else keeps it from starting. */
  #record(work: Work, call: Call): void {
    if (!work.solo || gone(work)) {
      this.#prepared(work, call)
      return
    }
    const { inbound } = work
    const record = (starts: number): Promise<void> => this.#c.consumer().recordStart(inbound, starts)
    record(inbound.starts + 1).then(
      () => {
        if (gone(work) && !work.lost) record(inbound.starts).catch(() => undefined)
        this.#prepared(work, call)
      },
      () => this.#drop(work, call, () => this.#c.settlement.hold(work, recordRetryMs)),
    )
  }

  #prepared(work: Work, call: Call): void {
    if (gone(work)) {
      this.#drop(work, call, () => this.#c.settlement.abandon(work))
      return
    }
    call.ready.add(work)
    call.preparing -= 1
    if (call.preparing === 0) this.#invoke(call)
  }

  /** The member does not take part. What follows it in its lane may not overtake it when it comes again. */
  #drop(work: Work, call: Call, end: () => void): void {
    call.preparing -= 1
    const alone = call.works.length === 1
    if (alone) this.#c.scheduler().slotFreed(work.solo)
    work.solo = false
    end()
    if (alone) this.#c.scheduler().pump()
    else if (call.preparing === 0) this.#invoke(call)
  }

  #invoke(call: Call): void {
    const members = call.works.length === 1 ? (call.works as Work[]) : this.#membersInOrder(call)
    if (members.length === 0) {
      this.#c.scheduler().slotFreed(false)
      this.#c.scheduler().pump()
      return
    }
    const deliveries = members.map((work) => {
      const delivery = new CoreDelivery(work, work.message as Message, this.#c.ref.group)
      work.delivery = delivery
      return delivery
    })
    const cancelTimeout = this.#watch(members)
    const end = (failed: boolean, error: unknown): void => {
      cancelTimeout?.()
      this.#ended(members, failed, error)
    }
    let result: unknown
    try {
      result = this.#traced(deliveries)
    } catch (error) {
      end(true, error)
      return
    }
    if (isThenable(result)) {
      result.then(
        () => end(false, undefined),
        (error: unknown) => end(true, error),
      )
    } else end(false, undefined)
  }

  /**
   * A member behind one of its own lane that was dropped goes back: it may not run before it. One whose claim went while others were
   * prepared does not start any more.
   */
  #membersInOrder(call: Call): Work[] {
    const blocked = new Set(
      call.works
        .filter((work) => !call.ready.has(work) && work.state !== 'ended' && work.state !== 'copying')
        .map((w) => w.lane),
    )
    const members: Work[] = []
    const back: Work[] = []
    const lost: Work[] = []
    for (const work of call.works) {
      if (!call.ready.has(work)) continue
      if (gone(work)) lost.push(work)
      else if (blocked.has(work.lane)) back.push(work)
      else members.push(work)
    }
    for (const work of lost) this.#c.settlement.abandon(work)
    for (const work of back) this.#putBack(work)
    return members
  }

  #putBack(work: Work): void {
    // What was said of this run does not hold for the next.
    work.overdue = false
    const requeue = (): void => this.#c.settlement.requeue(work)
    if (work.fence !== undefined && this.#c.dedupe !== undefined) this.#c.dedupe.release(work, requeue)
    else requeue()
  }

  #traced(deliveries: readonly CoreDelivery[]): unknown {
    const { tracer, invoke, ref } = this.#c
    if (tracer === undefined) return invoke(deliveries)
    const spans = deliveries.flatMap(({ message, attempt }) => tracer.delivered(message, attempt, ref.group) ?? [])
    const end = (error?: unknown): void => {
      for (const span of spans) span.end(error)
    }
    try {
      const result = spans.reduceRight<() => unknown>(
        (inner, span) => () => span.run(inner),
        () => invoke(deliveries),
      )()
      if (!isThenable(result)) {
        end()
        return result
      }
      return Promise.resolve(result).then(
        () => end(),
        (error: unknown) => {
          end(error)
          throw error
        },
      )
    } catch (error) {
      end(error)
      throw error
    }
  }

  #watch(members: readonly Work[]): Cancel | undefined {
    const { handlerTimeoutMs, timing, emitter, ref } = this.#c
    if (handlerTimeoutMs === undefined) return undefined
    return timing.timers.after(handlerTimeoutMs, () => {
      for (const work of members) {
        work.overdue = true
        work.sinceMs = timing.clock.monotonic()
        const text = `the handler runs for more than ${handlerTimeoutMs} ms`
        work.delivery?.abort(new SluiceError('HANDLER_TIMEOUT', text, { ...ref, messageId: work.id }))
        emitter.emit('overdue', { ...ref, id: work.id, runningMs: handlerTimeoutMs })
      }
    })
  }

  #ended(members: readonly Work[], failed: boolean, error: unknown): void {
    const alone = members[0]?.solo === true
    this.#c.scheduler().slotFreed(alone)
    if (alone) this.#survived(members[0] as Work)
    if (members.length === 1) this.#apply(members[0] as Work, failed, error)
    else this.#applyBatch(members, failed, error)
    this.#c.scheduler().pump()
  }

  /** The process is still here: the record of the start would accuse an innocent message. */
  #survived(work: Work): void {
    work.survived = true
    work.solo = false
    if (work.lost) this.#c.settlement.acquit(work)
    else
      this.#c
        .consumer()
        .recordStart(work.inbound, 0)
        .catch(() => undefined)
  }

  #apply(work: Work, failed: boolean, error: unknown): void {
    const outcome = this.#outcome(work, failed, error)
    if (work.lost) this.#applyLost(work, outcome)
    else this.#c.settlement.apply(work, outcome)
  }

  /** Nothing reaches the broker. The store may still learn that the effect is there. */
  #applyLost(work: Work, outcome: Outcome): void {
    const { emitter, ref, dedupe, settlement } = this.#c
    emitter.emit('lost', { ...ref, id: work.id, attempt: work.failures + 1 })
    const leave = (): void => settlement.leave(work)
    if (work.fence === undefined || dedupe === undefined) leave()
    else if (outcome.kind === 'ack') dedupe.complete(work, leave, leave)
    else dedupe.release(work, leave)
  }

  #outcome(work: Work, failed: boolean, error: unknown): Outcome {
    const delivery = work.delivery as CoreDelivery
    const overdue = work.overdue
    work.overdue = false
    const own = delivery.outcome
    const ended: Outcome = failed ? { kind: 'retry', delayMs: undefined, error, asked: false } : acked
    const concluded = delivery.conclude(work.lost && delivery.stopped ? { kind: 'give-back', delayMs: 0 } : ended)
    if (overdue && concluded.kind === 'ack')
      return { kind: 'retry', delayMs: undefined, error: delivery.abortedBy, asked: false }
    if (failed && own !== undefined) this.#c.emitter.emit('notice', noticeOf(this.#c.ref, work, error))
    return concluded
  }

  #applyBatch(members: readonly Work[], failed: boolean, error: unknown): void {
    const blocked = new Set<Work['lane']>()
    const back: Work[] = []
    for (const work of members) {
      const settled = work.delivery?.settled === true
      if (failed && !settled) {
        // Who was wrong is not known: each comes again alone, and only then may an attempt be counted.
        work.delivery?.conclude({ kind: 'give-back', delayMs: 0 })
        work.single = true
        if (work.lost) this.#applyLost(work, { kind: 'give-back', delayMs: 0 })
        else back.push(work)
        blocked.add(work.lane)
      } else if (blocked.has(work.lane) && !work.lost) back.push(work)
      else {
        const outcome = this.#outcome(work, false, error)
        if (outcome.kind === 'retry' || outcome.kind === 'give-back') blocked.add(work.lane)
        if (work.lost) this.#applyLost(work, outcome)
        else this.#c.settlement.apply(work, outcome)
      }
    }
    for (const work of back) this.#putBack(work)
  }
}

/** Lost, or its claim is being handed over: a handler that has not started does not start any more. */
const gone = (work: Work): boolean => work.lost || work.claim.status !== 'active'

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

const noticeOf = (ref: GroupRef, work: Work, error: unknown) => ({
  ...ref,
  kind: 'threw-after-settling',
  text: `the handler of ${work.id} threw after it had settled: ${textOf(error)}`,
  count: undefined,
})
