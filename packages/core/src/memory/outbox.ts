import { Deque } from '../kit/deque.js'
import type { Cancel, Clock } from '../model/clock.js'
import { adapterError, type AdapterError } from '../spi/adapter-error.js'
import type { Outbound } from '../spi/envelope.js'
import type { SendBatch, SendResult } from '../spi/sending.js'
import { Answers, type Answer } from './answers.js'
import type { Broker } from './broker.js'
import { streamOf, type SendOutcome } from './send-rule.js'
import { storeMessage } from './store-message.js'

/** What became of messages whose answer never came: all are stored, none, or of each stream the first half. */
export type Unreported = 'stored' | 'lost' | 'half'

/** What an outbox needs of its client. */
export interface OutboxOptions {
  readonly broker: Broker
  readonly clientName: string
  /** The client's own time: it waits for answers. */
  readonly clock: Clock
  /** Something may arrive that was held up. */
  readonly released: () => void
  /** Runs reports later. */
  readonly report: (run: () => void) => void
}

interface Transit {
  readonly batch: SendBatch
  /** When the client stops waiting for answers. */
  readonly deadline: number
  /** When it is at the broker. */
  readonly dueMs: number
  /** The next message that the broker gets. */
  index: number
  /** The rules have held it up already. */
  passed: boolean
}

interface HeldStream {
  readonly transits: Deque<Transit>
  cancel: Cancel
}

/** Batches on their way to the broker. They arrive in order, stream by stream; each message is reported once. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #transits = new Deque<Transit>()
  /** Streams that a rule holds up. */
  readonly #held = new Map<string, HeldStream>()
  readonly #answers: Answers
  /** Streams with a message of which nothing certain was said, until it is sent again: nothing may get there before it. */
  readonly #doubtful = new Set<string>()
  /** No deadline is earlier; what had this one may be answered by now. */
  #earliest = Infinity
  #disarm: Cancel | undefined
  #armedFor = Infinity

  constructor(options: OutboxOptions) {
    this.#options = options
    const { broker, clientName, report } = options
    this.#answers = new Answers({ broker, clientName, report, arrived: () => this.#watchDeadlines() })
  }

  get empty(): boolean {
    return this.#transits.length === 0
  }

  push(batch: SendBatch): void {
    const deadline = this.#options.clock.monotonic() + batch.timeoutMs
    const { broker, clientName } = this.#options
    const dueMs =
      broker.latencyMs === undefined ? 0 : broker.clock.monotonic() + broker.latencyMs({ clientName, what: 'send' })
    this.#transits.push({ batch, deadline, dueMs, index: 0, passed: false })
    if (deadline < this.#earliest) this.#earliest = deadline
  }

  /** Lets everything arrive that nothing holds up, as long as `open` says that it may. */
  arrive(open: () => boolean): void {
    const nowMs = this.#options.broker.clock.monotonic()
    for (let left = this.#transits.length; left > 0 && open(); left -= 1) {
      const transit = this.#transits.peek()
      if (transit === undefined) return
      const held = this.#held.size === 0 ? undefined : this.#held.get(streamOfBatch(transit.batch))
      if (held === undefined) this.#advance(transit, nowMs)
      else held.transits.push(transit)
      // Reporting may have led to a loss of the connection, and that empties the queue.
      if (this.#transits.peek() === transit) this.#transits.shift()
    }
    this.#watchDeadlines()
  }

  /** The connection is gone: nothing of what is under way is ever answered. */
  fail(unreported: Unreported, error: AdapterError): void {
    this.#end(this.#streams(), unreported, error)
  }

  /** Every stream with something under way, and its transits in order. */
  #streams(): Map<string, Transit[]> {
    const streams = new Map<string, Transit[]>()
    for (const { stream } of this.#answers.waiting) streams.set(stream, [])
    for (const [stream, { transits }] of this.#held) streams.set(stream, [...transits])
    for (const transit of this.#transits) {
      const stream = streamOfBatch(transit.batch)
      const transits = streams.get(stream)
      if (transits === undefined) streams.set(stream, [transit])
      else transits.push(transit)
    }
    return streams
  }

  /** Ends whole streams: what follows one that failed must not arrive before it is sent again. */
  #end(streams: ReadonlyMap<string, readonly Transit[]>, unreported: Unreported, error: AdapterError): void {
    if (streams.size === 0) return
    const unanswered = this.#answers.lose(new Set(streams.keys())).flatMap(messagesOf)
    const ended = new Set([...streams.values()].flat())
    for (const [stream, transits] of streams) {
      unanswered.push(...this.#endStream(transits, this.#doubtful.has(stream) ? 'lost' : unreported))
    }
    for (const [stream, { transits, cancel }] of this.#held) {
      const first = transits.peek()
      if (first === undefined || !ended.has(first)) continue
      cancel()
      this.#held.delete(stream)
    }
    const rest = [...this.#transits].filter((transit) => !ended.has(transit))
    this.#transits.clear()
    for (const transit of rest) this.#transits.push(transit)
    this.#watchDeadlines()
    const result: SendResult = { kind: 'uncertain', error }
    this.#options.report(() => {
      for (const { batch, index } of unanswered) batch.report(index, result)
    })
  }

  #endStream(transits: readonly Transit[], unreported: Unreported): { batch: SendBatch; index: number }[] {
    const { broker } = this.#options
    const rest = transits.flatMap((transit) => {
      const { batch, index: from } = transit
      transit.index = batch.envelopes.length
      return batch.envelopes.slice(from).map((envelope, at) => ({ batch, envelope, index: from + at }))
    })
    const reaching = { stored: rest.length, half: Math.ceil(rest.length / 2), lost: 0 }[unreported]
    const nowMs = broker.clock.monotonic()
    for (const { batch, envelope } of rest.slice(0, reaching)) this.#store(batch, envelope, nowMs)
    return rest
  }

  #advance(transit: Transit, nowMs: number): void {
    const { batch, dueMs } = transit
    if (dueMs > nowMs) {
      this.#hold(transit, dueMs - nowMs)
      return
    }
    const { envelopes } = batch
    if (batch.resend && transit.index === 0) this.#doubtful.delete(streamOfBatch(batch))
    const first = transit.index
    const results: SendResult[] = []
    while (transit.index < envelopes.length) {
      const outcome = this.#options.broker.rules.size === 0 || transit.passed ? 'store' : this.#ask(transit)
      if (typeof outcome === 'object') {
        transit.passed = true
        this.#hold(transit, outcome.delayMs)
        break
      }
      transit.passed = false
      const result = this.#carryOut(transit, outcome, nowMs)
      transit.index += 1
      if (result.kind === 'uncertain') this.#doubtful.add(streamOfBatch(batch))
      results.push(result)
    }
    this.#answers.give({ batch, first, results }, transit.deadline)
  }

  #ask({ batch, index }: Transit): SendOutcome {
    const { destination, partition, resend } = batch
    const envelope = batch.envelopes[index]
    if (envelope === undefined) return undefined
    const attempt = { clientName: this.#options.clientName, destination, partition, index, envelope, resend }
    for (const rule of this.#options.broker.rules) {
      const outcome = rule(attempt)
      if (outcome !== undefined) return outcome
    }
    return undefined
  }

  #carryOut({ batch, index }: Transit, outcome: Exclude<SendOutcome, object>, nowMs: number): SendResult {
    const { broker } = this.#options
    const envelope = batch.envelopes[index]
    if (envelope === undefined || outcome === 'refuse') {
      return { kind: 'refused', error: adapterError('REFUSED', 'the broker refuses the message', { scope: 'message' }) }
    }
    if (outcome === 'uncertain-lost') return { kind: 'uncertain', error: broker.lost('did not answer') }
    const result = this.#store(batch, envelope, nowMs)
    if (outcome === 'uncertain-stored') return { kind: 'uncertain', error: broker.lost('did not answer') }
    if (outcome === 'duplicate') this.#store(batch, envelope, nowMs)
    return result
  }

  #store({ destination, partition }: SendBatch, envelope: Outbound, nowMs: number): SendResult {
    const { broker, clientName } = this.#options
    const result = storeMessage(broker, destination, partition, envelope, nowMs)
    if (result.kind === 'stored' && broker.watch.active)
      broker.watch.stored({ clientName, destination, partition, id: envelope.id })
    return result
  }

  /** The message waits, and all that follow in its stream behind it. */
  #hold(transit: Transit, delayMs: number): void {
    const stream = streamOfBatch(transit.batch)
    const held: HeldStream = { transits: new Deque(), cancel: () => undefined }
    held.transits.push(transit)
    this.#held.set(stream, held)
    held.cancel = this.#options.broker.clock.after(delayMs, () => this.#release(stream, held))
  }

  /** Back to the front, so that they arrive before what was sent since. */
  #release(stream: string, held: HeldStream): void {
    if (this.#held.get(stream) !== held) return
    this.#held.delete(stream)
    for (const transit of [...held.transits].toReversed()) this.#transits.unshift(transit)
    this.#options.released()
  }

  /** One timer for the earliest deadline, and none while nothing waits. */
  #watchDeadlines(): void {
    if (this.#transits.length === 0 && this.#held.size === 0 && !this.#answers.pending) this.#earliest = Infinity
    if (this.#earliest !== Infinity && this.#disarm !== undefined && this.#earliest >= this.#armedFor) return
    this.#disarm?.()
    this.#disarm = undefined
    if (this.#earliest === Infinity) return
    const { clock } = this.#options
    this.#armedFor = this.#earliest
    this.#disarm = clock.after(this.#earliest - clock.monotonic(), () => this.#expire())
  }

  #expire(): void {
    this.#disarm = undefined
    const nowMs = this.#options.clock.monotonic()
    const late = new Map<string, readonly Transit[]>()
    this.#earliest = Infinity
    const streams = this.#streams()
    const unanswered = this.#answers.waiting
    for (const [stream, transits] of streams) {
      const answers = unanswered.filter((parcel) => parcel.stream === stream)
      const earliest = Math.min(...[...transits, ...answers].map(({ deadline }) => deadline))
      if (earliest <= nowMs) late.set(stream, transits)
      else this.#earliest = Math.min(this.#earliest, earliest)
    }
    this.#end(late, 'lost', adapterError('TIMEOUT', 'the broker did not answer in time', { retryable: true }))
    this.#watchDeadlines()
  }
}

const messagesOf = ({ batch, first, results }: Answer): { batch: SendBatch; index: number }[] =>
  results.map((_, at) => ({ batch, index: first + at }))

const streamOfBatch = ({ destination, partition }: SendBatch): string => streamOf(destination, partition)
