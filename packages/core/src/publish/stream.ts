import { exponentialBackoff } from '../kit/backoff.js'
import type { TimerHeap } from '../kit/timer-heap.js'
import type { Cancel, Clock } from '../model/clock.js'
import type { Logger } from '../model/logger.js'
import { adapterError, isAdapterError } from '../spi/adapter-error.js'
import type { Adapter } from '../spi/adapter.js'
import type { Outbound } from '../spi/envelope.js'
import type { Destination, Route, SendBatch, SendResult } from '../spi/sending.js'
import { extraOf, type Entry, type PlaceOwner } from './entry.js'
import { EntryList } from './entry-list.js'
import type { Ledger } from './ledger.js'
import type { Pump, Pumped } from './pump.js'
import { makeReceipt, refusal } from './receipt.js'
import { keyText, seal } from './seal.js'

/** What all streams of a messaging object share. */
export interface StreamContext {
  readonly adapter: Adapter
  readonly ledger: Ledger
  readonly pump: Pump
  readonly timers: TimerHeap
  readonly log: Logger
  /** At most one unreported message per key. */
  readonly strict: boolean
  readonly clock: Clock
  /** Longest time that the adapter gets for a batch, in ms: one caller's patience must not hold up all others. */
  readonly sendTimeoutMs: number
}

export interface StreamOwner {
  /** Nothing is queued and nothing is out: the stream is to be forgotten. */
  idle(stream: Stream): void
}

/** One call of the adapter. */
interface Flight {
  /** By index; those that were reported are taken out. */
  readonly entries: (Entry | undefined)[]
  /** Reported as uncertain or unwritten. */
  readonly again: { readonly index: number; readonly entry: Entry }[]
  open: number
}

type Unstored = Extract<SendResult, { readonly kind: 'uncertain' | 'unwritten' }>

const resendBackoff = exponentialBackoff({ fromMs: 20, toMs: 1000 })

/** One destination and partition: writes in order, in batches of what queued meanwhile, and writes again in order what became uncertain. */
export class Stream implements PlaceOwner, Pumped {
  readonly partition: number
  scheduled = false
  /** How much may be out at once; nothing is written before it is known. */
  limits: Route['outstanding'] | undefined
  readonly #context: StreamContext
  readonly #destination: Destination
  readonly #owner: StreamOwner
  /** Never written. */
  readonly #queue: EntryList = new EntryList(this)
  /** To be written again before anything of the queue: uncertain, or given to the adapter and not written by it. */
  readonly #again: EntryList = new EntryList(this)
  /** In the order of writing. */
  readonly #flights = new Set<Flight>()
  readonly #keysOut = new Set<string>()
  #batches = 0
  #messages = 0
  #bytes = 0
  /** Something has to be repeated: nothing is written until everything that is out has been reported. */
  #halted = false
  #failures = 0
  #resting: Cancel | undefined
  /** The next batch begins afresh: something was uncertain, and nothing has been written since. */
  #renew: boolean

  constructor(context: StreamContext, destination: Destination, partition: number, owner: StreamOwner, renew: boolean) {
    this.#context = context
    this.#destination = destination
    this.partition = partition
    this.#owner = owner
    this.#renew = renew
  }

  /** To be handed on to the next stream of the same destination and partition. */
  get mustRenew(): boolean {
    return this.#renew
  }

  add(entry: Entry): void {
    if (this.#queue.length === 0) this.#context.pump.enlist(this)
    this.#queue.push(entry)
    if (entry.stage === 'ready') this.#context.pump.schedule(this)
  }

  changed(): void {
    this.#context.pump.schedule(this)
  }

  /** Moves what was never written to the end of another list. */
  surrender(list: EntryList): void {
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) list.push(entry)
    this.changed()
  }

  /** Takes all that was never written and hands each to `end`. */
  reject(end: (entry: Entry) => void): void {
    for (const entry of this.#queue) end(entry)
  }

  pump(): void {
    const { limits } = this
    if (limits !== undefined && this.#context.pump.ready && !this.#halted && this.#resting === undefined) {
      let wrote = true
      while (wrote && this.#batches < limits.batches) wrote = this.#write(limits)
    }
    if (this.#queue.length === 0 && this.#again.length === 0 && this.#flights.size === 0) this.#free()
  }

  #free(): void {
    this.#resting?.()
    this.#resting = undefined
    this.#context.pump.dismiss(this)
    this.#owner.idle(this)
  }

  /** False when there is nothing to write, or no room for it. */
  #write(limits: Route['outstanding']): boolean {
    const isResend = this.#again.length > 0
    const list = isResend ? this.#again : this.#queue
    const entries: Entry[] = []
    const envelopes: Outbound[] = []
    for (let entry = list.first; entry !== undefined && this.#mayWrite(entry, limits); entry = list.first) {
      list.remove(entry)
      entry.stage = 'flying'
      this.#messages += 1
      this.#bytes += entry.bytes
      entries.push(entry)
      envelopes.push(seal(entry))
    }
    if (entries.length === 0) return false
    const resend = isResend || this.#renew
    this.#renew = false
    this.#send(entries, envelopes, resend)
    return true
  }

  #mayWrite(entry: Entry, limits: Route['outstanding']): boolean {
    if (entry.stage !== 'ready' && entry.stage !== 'uncertain') return false
    if (this.#messages > 0 && (this.#messages >= limits.messages || this.#bytes + entry.bytes > limits.bytes))
      return false
    if (!this.#context.strict || entry.key === null) return true
    const key = keyText(entry)
    if (this.#keysOut.has(key)) return false
    this.#keysOut.add(key)
    return true
  }

  #send(entries: Entry[], envelopes: readonly Outbound[], resend: boolean): void {
    const timeoutMs = this.#patience(entries)
    const flight: Flight = { entries, again: [], open: entries.length }
    this.#flights.add(flight)
    this.#batches += 1
    const batch: SendBatch = {
      destination: this.#destination,
      partition: this.partition,
      envelopes,
      resend,
      timeoutMs,
      report: (index, result) => this.#reported(flight, index, result),
    }
    try {
      this.#context.adapter.send(batch)
    } catch (thrown) {
      this.#context.log.error('the adapter threw in send: its messages are taken for uncertain', { error: thrown })
      const error = isAdapterError(thrown)
        ? thrown
        : adapterError('REFUSED', 'the adapter threw in send', { cause: thrown })
      for (const index of entries.keys())
        if (flight.entries[index] !== undefined) this.#reported(flight, index, { kind: 'uncertain', error })
    }
  }

  /** Until the last of the callers has its answer anyway. */
  #patience(entries: readonly Entry[]): number {
    const { clock, sendTimeoutMs } = this.#context
    let last = 0
    for (const { deadline } of entries) if (deadline > last) last = deadline
    return Math.max(1, Math.min(sendTimeoutMs, Math.ceil(last - clock.monotonic())))
  }

  #reported(flight: Flight, index: number, result: SendResult): void {
    const { ledger, pump, log, strict } = this.#context
    const entry = flight.entries[index]
    if (entry === undefined) {
      log.error(`the adapter reported message ${index} of a batch twice, or it does not exist`, { result: result.kind })
      return
    }
    flight.entries[index] = undefined
    flight.open -= 1
    this.#messages -= 1
    this.#bytes -= entry.bytes
    if (strict && entry.key !== null) this.#keysOut.delete(keyText(entry))
    if (flight.open === 0) this.#batches -= 1
    if (result.kind === 'uncertain' || result.kind === 'unwritten') this.#repeat(flight, index, entry, result)
    else {
      // First let go, then tell: whoever is told may publish again at once.
      entry.stage = 'ended'
      if (result.kind === 'stored') this.#failures = 0
      if (entry.owner === undefined) ledger.release(entry)
      else if (result.kind === 'stored') ledger.end(entry, makeReceipt(entry, this.partition, result.position))
      else ledger.end(entry, undefined, refusal(entry, result.error))
    }
    if (!this.#halted) {
      if (flight.open === 0) this.#flights.delete(flight)
      pump.schedule(this)
    } else if (this.#messages === 0) this.#recover()
  }

  #repeat(flight: Flight, index: number, entry: Entry, result: Unstored): void {
    this.#halted = true
    if (entry.owner === undefined) {
      this.#context.ledger.release(entry)
      return
    }
    if (result.kind === 'uncertain') extraOf(entry).cause = result.error
    // Once uncertain, always uncertain: that a later try was not written says nothing of the earlier one.
    entry.stage = entry.extra?.cause === undefined ? 'ready' : 'uncertain'
    flight.again.push({ index, entry })
  }

  /** Everything that was out is reported: lines up what has to be repeated, in the order in which it was written, and rests a little. */
  #recover(): void {
    const again: Entry[] = []
    for (const flight of this.#flights) {
      for (const { entry } of flight.again.toSorted((a, b) => a.index - b.index)) again.push(entry)
    }
    this.#flights.clear()
    // One that was aborted meanwhile is answered and stays away; what an earlier resend left unwritten comes behind.
    for (const entry of again.toReversed()) if (entry.owner !== undefined) this.#again.unshift(entry)
    this.#halted = false
    this.#renew = true
    this.#failures += 1
    this.#resting = this.#context.timers.after(resendBackoff(this.#failures), () => {
      this.#resting = undefined
      this.changed()
    })
    this.changed()
  }
}
