import { SluiceError } from '../errors/sluice-error.js'
import { toSluiceError } from '../errors/wrap.js'
import { publishLimit } from '../kit/envelope-size.js'
import type { AnyTopic } from '../model/topic.js'
import type { Route } from '../spi/sending.js'
import type { Common, Entry, EntryHome, PlaceOwner } from './entry.js'
import { EntryList } from './entry-list.js'
import { onlyVersion, type MessageFields } from './message-fields.js'
import { Partitioner } from './partition.js'
import { detailsOf } from './receipt.js'
import type { RouteTable } from './route-table.js'
import { keyBytes } from './seal.js'
import { Stream, type StreamContext, type StreamOwner } from './stream.js'

/**
 * One topic: keeps entries in the order of their calls until route and key are known, then deals them out to the streams of their
 * partitions.
 */
export class Line implements EntryHome, PlaceOwner, StreamOwner {
  readonly topic: string
  readonly #context: StreamContext
  readonly #routes: RouteTable
  readonly #partitioner: Partitioner
  readonly #streams = new Map<number, Stream>()
  /** Partitions whose next batch must begin afresh. */
  readonly #renew = new Set<number>()
  #waiting: EntryList = new EntryList(this)
  #route: Route | undefined
  /** Topic values that the route was confirmed for; the last one beside, because it is nearly always the same. */
  #confirmed = new WeakSet<AnyTopic>()
  #last: AnyTopic | undefined
  #shared: { source: AnyTopic | undefined; byType: Map<string | undefined, Common> } = {
    source: undefined,
    byType: new Map(),
  }
  #lastCommon: Common | undefined
  #loading: AbortController | undefined
  /** The route changed: the streams of the old one end what is out before the new one is asked for. */
  #changing = false

  constructor(topic: string, context: StreamContext, routes: RouteTable) {
    this.topic = topic
    this.#context = context
    this.#routes = routes
    this.#partitioner = new Partitioner(context.pump)
  }

  get trouble(): SluiceError | undefined {
    return this.#routes.trouble(this.topic) ?? this.#context.pump.trouble
  }

  /** What a message has in common with others of its topic value and type. */
  commonOf(topic: AnyTopic, fields: MessageFields, nowMs: number): Common {
    const { type, correlationId, headers } = fields
    let common = this.#lastCommon
    if (common === undefined || common.source !== topic || common.type !== type) {
      common = this.#sharedCommon(topic, type, nowMs)
      this.#lastCommon = common
    }
    return correlationId === undefined && headers === onlyVersion ? common : { ...common, correlationId, headers }
  }

  #sharedCommon(topic: AnyTopic, type: string | undefined, nowMs: number): Common {
    if (topic !== this.#shared.source) this.#shared = { source: topic, byType: new Map() }
    const { byType } = this.#shared
    let common = byType.get(type)
    if (common === undefined) {
      const { contentType } = topic.codec
      const plain = { correlationId: undefined, headers: onlyVersion }
      common = { home: this, source: topic, contentType, type, ...plain, sinceMs: nowMs }
      byType.set(type, common)
    }
    return common
  }

  accept(entry: Entry): void {
    if (this.#waiting.length === 0 && entry.stage !== 'validating' && this.#isConfirmed(entry))
      this.#place(entry, this.#route)
    else {
      this.#waiting.push(entry)
      this.changed()
    }
  }

  /** Deals out from the front, as far as route and keys are known. */
  changed(): void {
    const list = this.#waiting
    for (let first = list.first; first !== undefined && first.stage !== 'validating'; first = list.first) {
      if (!this.#isConfirmed(first)) {
        this.#load(first)
        return
      }
      list.remove(first)
      this.#place(first, this.#route)
    }
    if (list.length === 0) this.#stopLoading()
  }

  /** The size of an entry has become final: true when it may be sent. */
  fits(entry: Entry): boolean {
    if (this.#route === undefined) return true
    // Below the limit of the broker, so that there is room for the reason when it has to be dead-lettered.
    const limit = publishLimit(this.#route.maxMessageBytes)
    if (entry.bytes <= limit) return true
    const text = `the message has ${entry.bytes} bytes with its key and headers, ${limit} are allowed: the broker takes ${this.#route.maxMessageBytes}, the rest is for the headers of a dead letter`
    this.#context.ledger.end(entry, undefined, new SluiceError('TOO_LARGE', text, detailsOf(entry)))
    return false
  }

  /** Partition count or limits may be others now: what was not written yet is dealt out anew once all that was written is reported. */
  routeChanged(): void {
    this.#route = undefined
    this.#last = undefined
    this.#confirmed = new WeakSet()
    this.#changing = true
    this.#stopLoading()
    const later = this.#waiting
    this.#waiting = new EntryList(this)
    for (const stream of this.#streams.values()) stream.surrender(this.#waiting)
    for (let entry = later.shift(); entry !== undefined; entry = later.shift()) this.#waiting.push(entry)
    this.changed()
  }

  idle(stream: Stream): void {
    this.#streams.delete(stream.partition)
    if (stream.mustRenew) this.#renew.add(stream.partition)
    if (this.#changing && this.#streams.size === 0) this.changed()
  }

  #isConfirmed(entry: Entry): boolean {
    const { source } = entry.common
    if (this.#route === undefined || source === undefined) return false
    if (source === this.#last) return true
    if (!this.#confirmed.has(source)) return false
    this.#last = source
    return true
  }

  #place(entry: Entry, route: Route | undefined): void {
    if (route === undefined || !this.fits(entry)) return
    const partition = this.#partitioner.choose(keyBytes(entry), route.partitions)
    let stream = this.#streams.get(partition)
    if (stream === undefined) {
      stream = new Stream(
        this.#context,
        { to: 'topic', topic: this.topic },
        partition,
        this,
        this.#renew.delete(partition),
      )
      this.#streams.set(partition, stream)
    }
    stream.limits = route.outstanding
    stream.add(entry)
  }

  #load(entry: Entry): void {
    const { source } = entry.common
    if (this.#loading !== undefined || source === undefined) return
    if (this.#changing && this.#streams.size > 0) return
    this.#changing = false
    const controller = new AbortController()
    const route = this.#routes.route(source, controller.signal)
    if (!(route instanceof Promise)) {
      this.#confirm(source, route)
      return
    }
    this.#loading = controller
    route.then(
      (found) => {
        if (this.#loading !== controller) return
        this.#loading = undefined
        this.#confirm(source, found)
      },
      (error: unknown) => {
        if (this.#loading !== controller) return
        this.#loading = undefined
        this.#refuse(source, error)
      },
    )
  }

  #confirm(source: AnyTopic, route: Route): void {
    this.#route = route
    this.#confirmed.add(source)
    this.changed()
  }

  /** Only those that were published with this topic value: another value of the name may be in order. */
  #refuse(source: AnyTopic, error: unknown): void {
    for (const entry of this.#waiting) {
      if (entry.common.source === source)
        this.#context.ledger.end(entry, undefined, toSluiceError(error, detailsOf(entry, error)))
    }
    this.changed()
  }

  #stopLoading(): void {
    this.#loading?.abort()
    this.#loading = undefined
  }
}
