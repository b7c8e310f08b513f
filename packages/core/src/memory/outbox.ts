import { Deque } from '../kit/deque.js'
import type { Cancel } from '../model/clock.js'
import { adapterError, type AdapterError } from '../spi/adapter-error.js'
import type { SendBatch, SendResult } from '../spi/sending.js'
import type { Broker } from './broker.js'
import { streamOf, type SendOutcome } from './send-rule.js'
import { storeMessage } from './store-message.js'

/** What became of messages whose answer never came: all are stored, none, or of each stream the first half. */
export type Unreported = 'stored' | 'lost' | 'half'

interface Transit {
  readonly batch: SendBatch
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
  readonly #broker: Broker
  readonly #clientName: string
  readonly #onReleased: () => void
  readonly #transits = new Deque<Transit>()
  /** Streams that a rule holds up. */
  readonly #held = new Map<string, HeldStream>()

  constructor(broker: Broker, clientName: string, onReleased: () => void) {
    this.#broker = broker
    this.#clientName = clientName
    this.#onReleased = onReleased
  }

  get empty(): boolean {
    return this.#transits.length === 0
  }

  push(batch: SendBatch): void {
    this.#transits.push({ batch, index: 0, passed: false })
  }

  /** Lets everything arrive that nothing holds up, as long as `open` says that it may. */
  arrive(open: () => boolean): void {
    const nowMs = this.#broker.clock.monotonic()
    for (let left = this.#transits.length; left > 0 && open(); left -= 1) {
      const transit = this.#transits.peek()
      if (transit === undefined) return
      const held =
        this.#held.size === 0 ? undefined : this.#held.get(streamOf(transit.batch.destination, transit.batch.partition))
      if (held !== undefined) held.transits.push(transit)
      else this.#advance(transit, nowMs)
      // Reporting may have led to a loss of the connection, and that empties the queue.
      if (this.#transits.peek() === transit) this.#transits.shift()
    }
  }

  /** The connection is gone. Nothing is reported here: the returned function does it, and is to be called later. */
  fail(unreported: Unreported, error: AdapterError): () => void {
    const streams = new Map<string, Transit[]>()
    const collect = (transit: Transit): void => {
      const stream = streamOf(transit.batch.destination, transit.batch.partition)
      const transits = streams.get(stream)
      if (transits === undefined) streams.set(stream, [transit])
      else transits.push(transit)
    }
    for (const { transits, cancel } of this.#held.values()) {
      cancel()
      for (const transit of transits) collect(transit)
    }
    for (const transit of this.#transits) collect(transit)
    this.#held.clear()
    this.#transits.clear()
    const reports = [...streams.values()].flatMap((transits) => this.#failStream(transits, unreported))
    const result: SendResult = { kind: 'uncertain', error }
    return () => {
      for (const { batch, index } of reports) batch.report(index, result)
    }
  }

  #failStream(transits: readonly Transit[], unreported: Unreported): { batch: SendBatch; index: number }[] {
    const rest = transits.flatMap((transit) => {
      const from = transit.index
      transit.index = transit.batch.envelopes.length
      return transit.batch.envelopes
        .slice(from)
        .map((envelope, at) => ({ batch: transit.batch, envelope, index: from + at }))
    })
    const reaching = { stored: rest.length, half: Math.ceil(rest.length / 2), lost: 0 }[unreported]
    const nowMs = this.#broker.clock.monotonic()
    for (const { batch, envelope } of rest.slice(0, reaching)) {
      storeMessage(this.#broker, batch.destination, batch.partition, envelope, nowMs)
    }
    return rest
  }

  #advance(transit: Transit, nowMs: number): void {
    const { batch } = transit
    const { envelopes } = batch
    while (transit.index < envelopes.length) {
      const outcome = this.#broker.rules.size === 0 || transit.passed ? 'store' : this.#ask(transit)
      if (typeof outcome === 'object') {
        this.#hold(transit, outcome.delayMs)
        return
      }
      transit.passed = false
      const { index } = transit
      const result = this.#carryOut(transit, outcome, nowMs)
      transit.index += 1
      batch.report(index, result)
    }
  }

  #ask({ batch, index }: Transit): SendOutcome {
    const { destination, partition, resend } = batch
    const envelope = batch.envelopes[index]
    if (envelope === undefined) return undefined
    const attempt = { clientName: this.#clientName, destination, partition, index, envelope, resend }
    for (const rule of this.#broker.rules) {
      const outcome = rule(attempt)
      if (outcome !== undefined) return outcome
    }
    return undefined
  }

  #carryOut({ batch, index }: Transit, outcome: Exclude<SendOutcome, object>, nowMs: number): SendResult {
    const { destination, partition } = batch
    const envelope = batch.envelopes[index]
    if (envelope === undefined || outcome === 'refuse') {
      return { kind: 'refused', error: adapterError('REFUSED', 'the broker refuses the message', { scope: 'message' }) }
    }
    if (outcome === 'uncertain-lost') return { kind: 'uncertain', error: this.#broker.lost('did not answer') }
    const result = storeMessage(this.#broker, destination, partition, envelope, nowMs)
    if (outcome === 'uncertain-stored') return { kind: 'uncertain', error: this.#broker.lost('did not answer') }
    if (outcome === 'duplicate') storeMessage(this.#broker, destination, partition, envelope, nowMs)
    return result
  }

  /** The message waits, and all that follow in its stream behind it. */
  #hold(transit: Transit, delayMs: number): void {
    transit.passed = true
    const stream = streamOf(transit.batch.destination, transit.batch.partition)
    const held: HeldStream = { transits: new Deque(), cancel: () => undefined }
    held.transits.push(transit)
    this.#held.set(stream, held)
    held.cancel = this.#broker.timers.after(delayMs, () => this.#release(stream, held))
  }

  /** Back to the front, so that they arrive before what was sent since. */
  #release(stream: string, held: HeldStream): void {
    if (this.#held.get(stream) !== held) return
    this.#held.delete(stream)
    const transits = [...held.transits]
    for (const transit of transits.toReversed()) this.#transits.unshift(transit)
    this.#onReleased()
  }
}
