import { SluiceError } from '../errors/sluice-error.js'
import { toSluiceError } from '../errors/wrap.js'
import { SoloLock } from '../failure/crash-guard.js'
import type { CopySender } from '../failure/copy-sender.js'
import type { Clock } from '../model/clock.js'
import type { Codec } from '../model/codec.js'
import type { Emitter } from '../model/emitter.js'
import type { CloseReport, SubscriptionHealth } from '../model/health.js'
import type { Logger } from '../model/logger.js'
import type { AnyTopic } from '../model/topic.js'
import type { Tracer } from '../model/trace.js'
import type { Adapter } from '../spi/adapter.js'
import type { Route } from '../spi/sending.js'
import type { GroupSpec } from '../spi/topology.js'
import { createDecoder } from './decode.js'
import type { Form } from './form.js'
import type { SubscribeBatchOptions } from './options.js'
import { resolveOptions } from './resolve-options.js'
import { CoreSubscription } from './subscription.js'
import type { Subscription } from './subscription-handle.js'

export interface SubscriptionsContext {
  readonly adapter: Adapter
  readonly options: {
    readonly clock: Clock
    readonly logger: Logger
    readonly tracer: Tracer | undefined
    readonly codecs: readonly Codec[]
  }
  readonly emitter: Emitter
  readonly copies: CopySender
  /** Creates or checks the topic and the group. */
  ensureGroups(topic: AnyTopic, groups: readonly GroupSpec[], signal: AbortSignal): Promise<Route>
  /** Runs with the deadline of a start, ended by close. */
  within<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/** The subscriptions of one messaging object: one per topic and group. */
export class Subscriptions {
  readonly #c: SubscriptionsContext
  readonly #solo = new SoloLock()
  /** By topic and group. `undefined` while it begins. */
  readonly #table = new Map<string, CoreSubscription | undefined>()

  constructor(context: SubscriptionsContext) {
    this.#c = context
  }

  async begin(topic: AnyTopic, given: SubscribeBatchOptions, form: Form): Promise<Subscription> {
    const { adapter, options: common, emitter, copies } = this.#c
    const { capabilities, name } = adapter
    const options = resolveOptions(given, { topic, capabilities, adapter: name, batch: form.invoke.batch })
    const ref = { topic: topic.name, group: options.group }
    const slot = `${ref.topic} ${ref.group}`
    if (this.#table.has(slot)) {
      const text = `this messaging object already has a subscription of group "${ref.group}" on topic "${ref.topic}": raise its concurrency instead`
      throw new SluiceError('NAME_COLLISION', text, { field: 'group', ...ref })
    }
    this.#table.set(slot, undefined)
    try {
      return await this.#c.within(async (signal) => {
        const { order, from } = options
        const spec = { name: ref.group, order, from, durableDelays: order === 'none' && capabilities.durableDelay }
        const route = await this.#c.ensureGroups(topic, [spec], signal)
        const { clock, logger, tracer, codecs } = common
        const subscription: CoreSubscription = new CoreSubscription({
          ...{ ref, options, clock, tracer, adapter, log: logger, emitter, copies, solo: this.#solo },
          ...{ invoke: form.invoke, closing: form.closing, decode: createDecoder(topic, codecs, form.handled) },
          maxMessageBytes: () => route.maxMessageBytes,
          ended: (ended) => this.#ended(slot, ended),
        })
        await subscription.begin(signal)
        // An adapter may have joined in spite of the abort: nothing half-started is left behind.
        if (signal.aborted) {
          await subscription.close({ deadlineMs: 0 })
          throw toSluiceError(signal.reason)
        }
        this.#table.set(slot, subscription)
        return subscription
      })
    } catch (error) {
      this.#table.delete(slot)
      throw error
    }
  }

  health(): readonly SubscriptionHealth[] {
    return [...this.#table.values()].flatMap((s) =>
      s === undefined ? [] : [{ topic: s.topic, group: s.group, state: s.state, stuck: s.stuck() }],
    )
  }

  /** One report for those that have begun. */
  async close(deadlineMs: number): Promise<CloseReport> {
    const reports = await Promise.all([...this.#table.values()].map(async (s) => s?.close({ deadlineMs })))
    const total = { clean: true, leftRunning: 0, leftWaiting: 0, leftPublishes: 0 }
    for (const report of reports) {
      if (report === undefined) continue
      total.clean &&= report.clean
      total.leftRunning += report.leftRunning
      total.leftWaiting += report.leftWaiting
    }
    return total
  }

  #ended(slot: string, subscription: CoreSubscription): void {
    if (subscription.state !== 'failed') {
      this.#table.delete(slot)
      return
    }
    // It stays in the table: health is red until somebody closes it.
    subscription.closed.catch((error: unknown) => {
      const { emitter } = this.#c
      const { topic, group } = subscription
      const failure = toSluiceError(error)
      if (!emitter.heard('failed'))
        process.emitWarning(`subscription ${topic} / ${group} has ended: ${failure.message}`, 'SluiceWarning')
      emitter.emit('failed', { topic, group, error: failure })
    })
  }
}
