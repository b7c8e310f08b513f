import { SluiceError } from '../errors/sluice-error.js'
import { withoutStack } from '../errors/without-stack.js'
import { toSluiceError } from '../errors/wrap.js'
import type { CopySender } from '../failure/copy-sender.js'
import { createTimerHeap } from '../kit/timer-heap.js'
import type { Clock } from '../model/clock.js'
import { nextId } from '../model/ids.js'
import type { Logger } from '../model/logger.js'
import type { Receipt } from '../model/message.js'
import type { Middleware } from '../model/middleware.js'
import { checkTopic, isTopic, type AnyTopic } from '../model/topic.js'
import type { Tracer } from '../model/trace.js'
import type { Adapter, SideState } from '../spi/adapter.js'
import { BatchCollector, readEntries } from './batch.js'
import { PublishBuffer } from './buffer.js'
import { Copies } from './copies.js'
import { deferred } from './deferred.js'
import { Entry, extraOf, type Owner } from './entry.js'
import { Ledger } from './ledger.js'
import { Line } from './line.js'
import {
  readEntryFields,
  readPublishFields,
  readSettled,
  readWaiting,
  type MessageFields,
  type Waiting,
} from './message-fields.js'
import type { BatchOutcome, BufferOptions } from './options.js'
import { Outgoing } from './outgoing.js'
import { encodePayload, keyFor, keyForTombstone, validate } from './payload.js'
import { Pump } from './pump.js'
import { detailsOf } from './receipt.js'
import type { RouteTable } from './route-table.js'
import { Preparation } from './preparation.js'
import type { Commit } from './run-middleware.js'
import { sizeOf } from './seal.js'
import type { StreamContext } from './stream.js'
import { WallTime } from './wall-time.js'

export interface PublishContext {
  readonly adapter: Adapter
  readonly clock: Clock
  readonly log: Logger
  readonly buffer: Required<BufferOptions>
  readonly publishTimeoutMs: number
  readonly publishOrder: 'pipelined' | 'strict'
  readonly middleware: readonly Middleware[]
  readonly tracer: Tracer | undefined
  readonly routes: RouteTable
}

/** The publishing half of a messaging object. */
export interface Publisher {
  /** See `Messaging.publish`. What is wrong rejects; nothing is thrown. */
  publish(topic: AnyTopic, payload: unknown, options?: object): Promise<Receipt>
  /** See `Messaging.publishBatch`. */
  publishBatch(topic: AnyTopic, entries: Iterable<object>, options?: object): Promise<BatchOutcome<boolean>>
  /** Dead letters, retry copies and redriven messages; they may be sent until `abandon`. */
  readonly copies: CopySender
  /** Nothing is handed to the adapter unless its publish side is ready. */
  sideState(state: SideState): void
  /** What is known of the topic is asked again; what was written is reported before anything goes by the new route. */
  routeChanged(topic: string): void
  /** Publishes and copies without an answer. */
  readonly pending: { readonly messages: number; readonly bytes: number }
  /** Publishes from now on reject with CLOSED. Call it when the handlers have ended: they may publish. */
  stopNew(): void
  /** True when nothing is pending any more, false when `signal` aborted first. */
  flush(signal: AbortSignal): Promise<boolean>
  /** Answers all that is left, UNCERTAIN when it was written and CLOSED otherwise, and ends every timer. How many that were. */
  abandon(): number
}

/** Makes a {@link Publisher}; nothing is written before `sideState('ready')`. */
export function createPublisher(context: PublishContext): Publisher {
  return new CorePublisher(context)
}

class CorePublisher implements Publisher, Commit {
  readonly copies: Copies
  readonly #context: PublishContext
  readonly #time: WallTime
  readonly #buffer: PublishBuffer
  readonly #ledger: Ledger
  readonly #pump: Pump
  readonly #streams: StreamContext
  readonly #lines = new Map<string, Line>()
  readonly #preparation: Preparation
  #stopped = false
  /** A publish of this tick found the buffer full. */
  #overflowing = false

  constructor(context: PublishContext) {
    const { adapter, clock, log, publishTimeoutMs: usualMs } = context
    this.#context = context
    this.#buffer = new PublishBuffer(context.buffer, (entry) => this.#preparation.offer(entry))
    this.#pump = new Pump()
    this.#time = new WallTime(clock, this.#pump)
    this.#ledger = new Ledger({ clock, pump: this.#pump, log, buffer: this.#buffer, usualMs })
    this.#streams = {
      adapter,
      ledger: this.#ledger,
      pump: this.#pump,
      timers: createTimerHeap(clock),
      clock,
      log,
      sendTimeoutMs: usualMs,
      strict: context.publishOrder === 'strict',
    }
    this.#preparation = new Preparation(context.middleware, this)
    this.copies = new Copies(this.#streams, context.routes)
  }

  get pending(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#ledger.messages, bytes: this.#ledger.bytes }
  }

  publish(topic: AnyTopic, payload: unknown, options?: object): Promise<Receipt> {
    try {
      this.#checkOpen()
      checkTopic(topic)
      const fields = readPublishFields(topic, options)
      const waiting = readWaiting(options)
      const { promise, resolve } = deferred<Receipt>()
      this.#accept(topic, payload, fields, waiting, resolve, 0)
      return promise
    } catch (error) {
      return Promise.reject(toSluiceError(error, isTopic(topic) ? { topic: topic.name } : {}))
    }
  }

  async publishBatch(topic: AnyTopic, entries: Iterable<object>, options?: object): Promise<BatchOutcome<boolean>> {
    this.#checkOpen()
    checkTopic(topic)
    const settled = readSettled(options)
    const waiting = readWaiting(options)
    const all = readEntries(entries, topic.name)
    const collector = new BatchCollector(topic.name, all.length)
    for (let index = 0; index < all.length; index += 1) {
      try {
        const fields = readEntryFields(topic, all[index], index)
        const { payload } = all[index] as { readonly payload?: unknown }
        this.#accept(topic, payload, fields, waiting, collector, index)
      } catch (error) {
        collector.failed(index, error)
      }
    }
    await collector.done
    // The type depends on the option, which only the caller's types know.
    return collector.outcome(settled) as BatchOutcome<boolean>
  }

  sideState(state: SideState): void {
    this.#pump.become(state)
  }

  routeChanged(topic: string): void {
    this.#context.routes.invalidate(topic)
    this.#lines.get(topic)?.routeChanged()
    this.copies.routeChanged(topic)
  }

  stopNew(): void {
    this.#stopped = true
  }

  flush(signal: AbortSignal): Promise<boolean> {
    return this.#ledger.empty(signal)
  }

  abandon(): number {
    this.#stopped = true
    this.copies.close()
    const left = this.#ledger.abandon()
    this.#streams.timers.clear()
    return left
  }

  /** Everything that has to happen in the call itself: what the caller changes later has no effect. */
  #accept(
    topic: AnyTopic,
    payload: unknown,
    fields: MessageFields,
    waiting: Waiting,
    owner: Owner,
    index: number,
  ): void {
    const { publishTimeoutMs } = this.#context
    const { signal, timeoutMs = publishTimeoutMs } = waiting
    const { codec, name } = topic
    const tombstone = payload === null && topic.tombstones
    const checked = tombstone ? undefined : validate(topic, fields.type, payload)
    const valid = checked === undefined ? payload : checked.payload
    const timestampMs = this.#time.now()
    const common = this.#lineOf(name).commonOf(topic, fields, timestampMs)
    const body = tombstone ? null : encodePayload(codec, valid, name)
    const entry = new Entry(common, owner, fields.id ?? nextId(timestampMs), body, timestampMs)
    entry.index = index
    if (checked?.later === undefined) {
      const output = checked === undefined ? payload : checked.output
      entry.key = tombstone ? keyForTombstone(topic, fields.key) : keyFor(topic, fields.key, output)
    }
    if (signal?.aborted === true)
      throw new SluiceError('ABORTED', 'the signal was aborted before the call', detailsOf(entry, signal.reason))
    if (checked?.later === undefined) {
      this.#trace(entry)
      entry.bytes = sizeOf(entry)
      entry.stage = this.#preparation.needed ? 'preparing' : 'ready'
      this.#enter(entry, timeoutMs, signal)
      return
    }
    entry.stage = 'validating'
    entry.bytes = sizeOf(entry)
    this.#enter(entry, timeoutMs, signal)
    checked.later.then(
      (output) => this.#validated(entry, topic, fields, output),
      (error: unknown) => this.#ledger.end(entry, undefined, error),
    )
  }

  #enter(entry: Entry, timeoutMs: number, signal: AbortSignal | undefined): void {
    this.#ledger.add(entry, timeoutMs, signal)
    if (!this.#buffer.enter(entry)) this.#ledger.end(entry, undefined, this.#full(entry))
  }

  /** A loop that awaits nothing meets this ten thousand times in a row: the first of them says where it stands. */
  #full(entry: Entry): SluiceError {
    const make = (): SluiceError => {
      return new SluiceError('BUFFER_FULL', 'more publishes wait for the broker than `buffer` allows', detailsOf(entry))
    }
    if (this.#overflowing) return withoutStack(make)
    this.#overflowing = true
    queueMicrotask(() => (this.#overflowing = false))
    return make()
  }

  #validated(entry: Entry, topic: AnyTopic, fields: MessageFields, output: unknown): void {
    if (entry.owner === undefined) return
    try {
      entry.key = keyFor(topic, fields.key, output)
    } catch (error) {
      this.#ledger.end(entry, undefined, error)
      return
    }
    this.#trace(entry)
    this.#ledger.resize(entry, sizeOf(entry))
    const { list } = entry
    entry.stage = this.#preparation.needed ? 'preparing' : 'ready'
    list?.owner.changed()
    // One that still waits for room is offered when it has got it.
    if (entry.room > 0) this.#preparation.offer(entry)
  }

  /** Shows the message to the tracer, who may add headers. */
  #trace(entry: Entry): void {
    const { tracer, log } = this.#context
    if (tracer === undefined) return
    const message = new Outgoing(entry)
    try {
      const span = tracer.published(message)
      if (span !== undefined) extraOf(entry).span = span
    } catch (error) {
      log.error('the tracer threw; the message is published without it', { error })
    }
    message.seal()
  }

  commit(entry: Entry, owner: Owner): boolean {
    if (entry.owner === undefined) return false
    entry.owner = owner
    const bytes = sizeOf(entry)
    if (bytes !== entry.bytes) this.#ledger.resize(entry, bytes)
    entry.stage = 'ready'
    if (this.#lineOf(entry.home.topic).fits(entry)) entry.list?.owner.changed()
    return true
  }

  withdraw(entry: Entry, receipt: Receipt | undefined, error: unknown): void {
    this.#ledger.end(entry, receipt, error)
  }

  #lineOf(topic: string): Line {
    let line = this.#lines.get(topic)
    if (line === undefined) {
      line = new Line(topic, this.#streams, this.#context.routes)
      this.#lines.set(topic, line)
    }
    return line
  }

  #checkOpen(): void {
    if (this.#stopped)
      throw new SluiceError('CLOSED', 'the messaging object is closed: nothing can be published any more')
  }
}
