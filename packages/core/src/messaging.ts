import { createDeadLetters } from './admin/dead-letters.js'
import type { DeadLetters } from './admin/dead-letters-handle.js'
import { summarize } from './admin/health.js'
import { provision } from './admin/provision.js'
import type { DeliveryStream } from './consume/delivery-stream.js'
import { batchForm, handlerForm, streamForm, type Handlers } from './consume/form.js'
import { Iterate } from './consume/iterate.js'
import type { CloseOptions, SubscribeBatchOptions, SubscribeOptions } from './consume/options.js'
import { defaultCloseDeadlineMs } from './consume/subscription.js'
import { Subscriptions } from './consume/subscriptions.js'
import type { Subscription } from './consume/subscription-handle.js'
import { checkKeys, checkMs, checkOneOf } from './errors/check-options.js'
import { SluiceError } from './errors/sluice-error.js'
import { toSluiceError } from './errors/wrap.js'
import { bounded } from './kit/bounded.js'
import { checkAdapter, claimAdapter, commonOptionNames, resolveCommon, type ResolvedCommon } from './messaging-check.js'
import type { ProvisionTopic } from './admin/provision-topic.js'
import type { Messaging } from './messaging-handle.js'
import type { MessagingOptions } from './messaging-options.js'
import type { BatchHandler } from './model/delivery.js'
import { createEmitter, type Emitter } from './model/emitter.js'
import type { EventListener, EventName } from './model/events.js'
import type { CloseReport, Health } from './model/health.js'
import type { Message, Receipt } from './model/message.js'
import { checkGroupName } from './model/names.js'
import { checkTopic, type AnyTopic } from './model/topic.js'
import type { BatchOutcome } from './publish/options.js'
import { createPublisher, type Publisher } from './publish/publisher.js'
import { createRouteTable, type RouteTable } from './publish/route-table.js'
import type { Adapter, Side, SideState } from './spi/adapter.js'
import type { AdapterError } from './spi/adapter-error.js'
import type { Capabilities } from './spi/capabilities.js'
import type { ProvisionMode, TopologyReport } from './spi/topology.js'

/** After the deadline of `close` the broker still gets this long to be told goodbye. */
const goodbyeMs = 1_000

/** See `createMessaging`. */
export async function openMessaging<C extends Capabilities>(options: MessagingOptions<C>): Promise<Messaging<C>> {
  checkKeys('options', options, ['adapter', ...commonOptionNames])
  const { adapter, ...common } = options
  checkAdapter(adapter)
  const resolved = resolveCommon(common)
  claimAdapter(adapter)
  const messaging = new CoreMessaging<C>(adapter, resolved)
  await messaging.open()
  return messaging as unknown as Messaging<C>
}

class CoreMessaging<C extends Capabilities> {
  readonly #adapter: Adapter<C>
  readonly #options: ResolvedCommon
  readonly #emitter: Emitter
  readonly #routes: RouteTable
  readonly #publisher: Publisher
  readonly #subscriptions: Subscriptions
  /** Fires when close begins. Long administrative work listens. */
  readonly #ending = new AbortController()
  readonly #administering = new Set<Promise<unknown>>()
  /** What is beginning, to be ended by close. No listeners of one common signal: Node takes more than ten of them for a leak. */
  readonly #beginning = new Map<AbortController, Promise<unknown>>()
  readonly #sides: Record<Side, SideState> = { publish: 'connecting', consume: 'connecting' }
  #phase: 'open' | 'closing' | 'closed' = 'open'
  #closing: Promise<CloseReport> | undefined
  #lastCause: AdapterError | undefined

  constructor(adapter: Adapter<C>, options: ResolvedCommon) {
    const { clock, topology, logger } = options
    this.#adapter = adapter
    this.#options = options
    this.#emitter = createEmitter(logger)
    this.#routes = createRouteTable({ adapter, clock, topology })
    const { buffer, publishTimeoutMs, publishOrder, middleware, tracer } = options
    this.#publisher = createPublisher({
      ...{
        adapter,
        clock,
        log: logger,
        buffer,
        publishTimeoutMs,
        publishOrder,
        middleware,
        tracer,
        routes: this.#routes,
      },
    })
    this.#subscriptions = new Subscriptions({
      ...{ adapter, options, emitter: this.#emitter, copies: this.#publisher.copies },
      ensureGroups: (topic, groups, signal) => this.#routes.ensureGroups(topic, groups, signal),
      within: (run) => this.#within(options.startupTimeoutMs, run),
    })
  }

  get adapter(): string {
    return this.#adapter.name
  }

  get capabilities(): C {
    return this.#adapter.capabilities
  }

  async open(): Promise<void> {
    const { clock, clientName, logger, startupTimeoutMs } = this.#options
    const context = {
      ...{ clientName, clock, log: logger },
      state: this.#stateChanged,
      routeChanged: (topic: string) => {
        this.#publisher.routeChanged(topic)
      },
    }
    try {
      await this.#within(startupTimeoutMs, (signal) => this.#adapter.open(context, signal))
    } catch (error) {
      await this.#leave(0)
      throw error
    }
  }

  publish(topic: AnyTopic, payload: unknown, options?: object): Promise<Receipt> {
    return this.#publisher.publish(topic, payload, options)
  }

  async publishBatch(topic: AnyTopic, entries: Iterable<object>, options?: object): Promise<BatchOutcome<boolean>> {
    return this.#publisher.publishBatch(topic, entries, options)
  }

  async subscribe(topic: AnyTopic, options: SubscribeOptions, handler: Handlers): Promise<Subscription> {
    const form = handlerForm(topic, handler, this.#options.middleware)
    this.#assertOpen()
    return this.#subscriptions.begin(topic, options, form)
  }

  async subscribeBatch(
    topic: AnyTopic,
    options: SubscribeBatchOptions,
    handler: BatchHandler<Message>,
  ): Promise<Subscription> {
    const form = batchForm(topic, handler, this.#options.middleware)
    this.#assertOpen()
    return this.#subscriptions.begin(topic, options, form)
  }

  stream(topic: AnyTopic, options: SubscribeOptions): DeliveryStream {
    return new Iterate(async (pull, closing) => {
      const form = streamForm(topic, pull, closing, this.#options.middleware)
      this.#assertOpen()
      return this.#subscriptions.begin(topic, options, form)
    })
  }

  async provision(
    topics: readonly (AnyTopic | ProvisionTopic)[],
    options: { readonly mode?: ProvisionMode } = {},
  ): Promise<TopologyReport> {
    this.#assertOpen()
    checkKeys('options', options, ['mode'])
    checkOneOf('mode', options.mode, ['plan', 'verify', 'declare'])
    const { startupTimeoutMs } = this.#options
    return this.#within(startupTimeoutMs, (signal) =>
      provision(this.#adapter, topics, options.mode ?? 'declare', signal),
    )
  }

  deadLetters(topic: AnyTopic, group: string): DeadLetters {
    checkTopic(topic)
    checkGroupName(group)
    const { clock, startupTimeoutMs } = this.#options
    const ref = { topic: topic.name, group }
    const letters = createDeadLetters({
      ...{ adapter: this.#adapter, copies: this.#publisher.copies, ref, clock, startTimeoutMs: startupTimeoutMs },
      ending: this.#ending.signal,
    })
    // Close waits for what runs: letters that were sent and not removed yet would be sent again by the next redrive.
    return {
      list: (options) => this.#administer(letters.list(options)),
      redrive: (options) => this.#administer(letters.redrive(options)),
      purge: (options) => this.#administer(letters.purge(options)),
    }
  }

  health(): Health {
    const closed = this.#phase === 'closed'
    return summarize({
      publish: closed ? 'closed' : this.#sides.publish,
      consume: closed ? 'closed' : this.#sides.consume,
      pendingPublishes: this.#publisher.pending.messages,
      subscriptions: this.#subscriptions.health(),
    })
  }

  on<N extends EventName>(name: N, listener: EventListener<N>): () => void {
    return this.#emitter.on(name, listener)
  }

  async close(options: CloseOptions = {}): Promise<CloseReport> {
    checkKeys('close', options, ['deadlineMs'])
    checkMs('close.deadlineMs', options.deadlineMs)
    this.#closing ??= this.#drain(options.deadlineMs ?? defaultCloseDeadlineMs)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #drain(deadlineMs: number): Promise<CloseReport> {
    const { clock } = this.#options
    const started = clock.monotonic()
    const leftMs = (): number => Math.max(0, deadlineMs - (clock.monotonic() - started))
    this.#phase = 'closing'
    this.#ending.abort(closedError())
    for (const abort of this.#beginning.keys()) abort.abort(closedError())
    await this.#bounded(leftMs(), () => Promise.allSettled(this.#beginning.values()))
    const report = await this.#subscriptions.close(deadlineMs)
    await this.#bounded(leftMs(), () => Promise.allSettled(this.#administering))
    // Handlers have ended: from here on nothing new can come from inside.
    this.#publisher.stopNew()
    await this.#bounded(leftMs(), (signal) => this.#publisher.flush(signal))
    const leftPublishes = this.#publisher.abandon()
    await this.#leave(leftMs())
    return { ...report, clean: report.clean && leftPublishes === 0, leftPublishes }
  }

  async #leave(ms: number): Promise<void> {
    this.#publisher.stopNew()
    this.#publisher.abandon()
    await this.#bounded(ms + goodbyeMs, (signal) => this.#adapter.close(signal))
    this.#phase = 'closed'
    this.#emitter.emit('closed', {})
  }

  #stateChanged = (side: Side, state: SideState, cause?: AdapterError): void => {
    if (cause !== undefined) this.#lastCause = cause
    if (this.#sides[side] === state) return
    this.#sides[side] = state
    if (side === 'publish') this.#publisher.sideState(state)
    this.#emitter.emit('connection', { side, state, cause: cause === undefined ? undefined : toSluiceError(cause) })
  }

  /** Runs with a deadline, and ends with the messaging object. */
  async #within<T>(ms: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController()
    if (this.#phase !== 'open') abort.abort(closedError())
    const cancel = this.#options.clock.after(ms, () => {
      const text = `the broker was not reached within ${ms} ms${this.#lastCause === undefined ? '' : `: ${this.#lastCause.text}`}`
      abort.abort(new SluiceError('CONNECT_TIMEOUT', text, { cause: this.#lastCause }))
    })
    const running = run(abort.signal)
    this.#beginning.set(abort, running)
    try {
      return await running
    } catch (error) {
      if (abort.signal.aborted) throw abort.signal.reason
      throw toSluiceError(error)
    } finally {
      cancel()
      this.#beginning.delete(abort)
    }
  }

  #bounded(ms: number, run: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    const { clock, logger: log } = this.#options
    return bounded({ clock, log, ms }, run)
  }

  async #administer<T>(work: Promise<T>): Promise<T> {
    this.#administering.add(work)
    try {
      return await work
    } finally {
      this.#administering.delete(work)
    }
  }

  #assertOpen(): void {
    if (this.#phase !== 'open') throw closedError()
  }
}

const closedError = (): SluiceError => new SluiceError('CLOSED', 'the messaging object is closed or closing')
