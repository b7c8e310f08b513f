import { SluiceError } from '../errors/sluice-error.js'
import { toSluiceError } from '../errors/wrap.js'
import type { Copy, CopySender } from '../failure/copy-sender.js'
import type { Receipt } from '../model/message.js'
import type { Destination, Route } from '../spi/sending.js'
import { deferred } from './deferred.js'
import { Entry, type EntryHome } from './entry.js'
import { detailsOf } from './receipt.js'
import type { RouteTable } from './route-table.js'
import { Stream, type StreamContext } from './stream.js'

/** Streams of one destination, one per partition. */
interface Target {
  readonly home: EntryHome
  readonly destination: Destination
  readonly streams: Map<number, Stream>
  loading: AbortController | undefined
  limits: Route['outstanding'] | undefined
}

/**
 * Dead letters, retry copies and redriven messages: ordered like publishes, in streams of their own. They pass neither the buffer (the
 * window of the subscription bounds them) nor middleware, nor the size limit of the topic: the broker is the judge of a copy.
 */
export class Copies implements CopySender {
  readonly #context: StreamContext
  readonly #routes: RouteTable
  readonly #targets = new Map<string, Target>()
  /** Where the next batch must begin afresh. By address and not by delay, of which there may be any number. */
  readonly #renewals = new Set<string>()
  #closed = false

  constructor(context: StreamContext, routes: RouteTable) {
    this.#context = context
    this.#routes = routes
  }

  // Not async: what is wrong rejects, and the place in the order is taken in the call.
  send(copy: Copy): Promise<void> {
    const { destination, envelope, partition, timeoutMs } = copy
    const { promise, resolve } = deferred<Receipt | undefined>()
    const target = this.#targetOf(destination)
    const { id, body, timestampMs: sinceMs, contentType, type, correlationId, headers } = envelope
    const common = { home: target.home, source: undefined, contentType, type, correlationId, headers, sinceMs }
    const entry = new Entry(common, resolve, id, body, sinceMs)
    entry.key = envelope.key
    entry.bytes = envelope.bytes
    entry.envelope = envelope
    this.#context.ledger.add(entry, timeoutMs, undefined)
    if (this.#closed) {
      this.#context.ledger.end(
        entry,
        undefined,
        new SluiceError('CLOSED', 'the messaging object is closed', detailsOf(entry)),
      )
    } else {
      this.#streamOf(target, partition).add(entry)
      this.#load(target)
    }
    return promise as Promise<unknown> as Promise<void>
  }

  /** Limits may be others now; the streams stay, because a copy has its partition already. */
  routeChanged(topic: string): void {
    for (const target of this.#targets.values()) {
      if (target.home.topic !== topic) continue
      target.limits = undefined
      for (const stream of target.streams.values()) stream.limits = undefined
      this.#load(target)
    }
  }

  close(): void {
    this.#closed = true
    for (const target of this.#targets.values()) target.loading?.abort()
  }

  #targetOf(destination: Destination): Target {
    const key = keyOf(destination)
    let target = this.#targets.get(key)
    if (target === undefined) {
      const topic = destination.to === 'topic' ? destination.topic : destination.group.topic
      const { pump } = this.#context
      const routes = this.#routes
      const home: EntryHome = {
        topic,
        accept: () => undefined,
        get trouble() {
          return routes.trouble(topic) ?? pump.trouble
        },
      }
      target = { home, destination, streams: new Map(), loading: undefined, limits: undefined }
      this.#targets.set(key, target)
    }
    return target
  }

  #streamOf(target: Target, partition: number): Stream {
    let stream = target.streams.get(partition)
    if (stream === undefined) {
      const renewal = `${addressOf(target.destination)} ${partition}`
      const idle = (ended: Stream): void => {
        target.streams.delete(partition)
        if (ended.mustRenew) this.#renewals.add(renewal)
        if (target.streams.size === 0) this.#drop(target)
      }
      stream = new Stream(this.#context, target.destination, partition, { idle }, this.#renewals.delete(renewal))
      stream.limits = target.limits
      target.streams.set(partition, stream)
    }
    return stream
  }

  #drop(target: Target): void {
    target.loading?.abort()
    this.#targets.delete(keyOf(target.destination))
  }

  #load(target: Target): void {
    if (target.limits !== undefined || target.loading !== undefined) return
    const controller = new AbortController()
    const route = this.#routes.routeOf(target.home.topic, controller.signal)
    if (!(route instanceof Promise)) {
      this.#apply(target, route)
      return
    }
    target.loading = controller
    route.then(
      (found) => {
        target.loading = undefined
        this.#apply(target, found)
      },
      (error: unknown) => {
        target.loading = undefined
        if (controller.signal.aborted) return
        for (const stream of target.streams.values()) {
          stream.reject((entry) =>
            this.#context.ledger.end(entry, undefined, toSluiceError(error, detailsOf(entry, error))),
          )
        }
      },
    )
  }

  #apply(target: Target, route: Route): void {
    target.limits = route.outstanding
    for (const stream of target.streams.values()) {
      stream.limits = route.outstanding
      stream.changed()
    }
  }
}

function keyOf(destination: Destination): string {
  const delayMs = destination.to === 'group' ? (destination.delayMs ?? 0) : 0
  return `${addressOf(destination)} ${delayMs}`
}

function addressOf(destination: Destination): string {
  if (destination.to === 'topic') return `topic ${destination.topic}`
  return `${destination.to} ${destination.group.topic} ${destination.group.group}`
}
