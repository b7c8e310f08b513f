import type { DeadLetters } from './admin/dead-letters-handle.js'
import type { ProvisionTopic } from './admin/provision-topic.js'
import type { DeliveryStream } from './consume/delivery-stream.js'
import type { CloseOptions, SubscribeBatchOptions, SubscribeOptions } from './consume/options.js'
import type { Subscription } from './consume/subscription-handle.js'
import type { BatchHandler, Handler, HandlerMap } from './model/delivery.js'
import type { EventListener, EventName } from './model/events.js'
import type { CloseReport, Health } from './model/health.js'
import type { Message, MessageOf, PayloadOf, Receipt } from './model/message.js'
import type { AnyTopic, SchemaMap, Topic, TypedTopic } from './model/topic.js'
import type {
  BatchEntry,
  BatchOutcome,
  PublishBatchOptions,
  PublishOptions,
  TypedBatchEntry,
} from './publish/options.js'
import type { Capabilities } from './spi/capabilities.js'
import type { ProvisionMode, TopologyReport } from './spi/topology.js'

/** One connection to a broker: publishes and subscriptions. Made by `connect` or `createMessaging`. */
export interface Messaging<C extends Capabilities = Capabilities> extends AsyncDisposable {
  readonly adapter: string
  readonly capabilities: C

  /**
   * Resolves when the broker holds the message durably. The payload is encoded in the call: changing the object later has no effect.
   * @throws SluiceError before anything is sent: INVALID_PAYLOAD, NOT_SERIALIZABLE, INVALID_KEY, INVALID_HEADER, INVALID_OPTION,
   * TOO_LARGE, BUFFER_FULL, ABORTED, TIMEOUT, CLOSED, UNKNOWN_TOPIC, TOPOLOGY_MISMATCH; by the broker: REFUSED, UNROUTABLE, DENIED;
   * UNCERTAIN when the message may or may not be stored. All as a rejection.
   */
  publish<I, O, K extends boolean>(
    topic: Topic<I, O, K>,
    payload: NoInfer<I>,
    options?: PublishOptions<NoInfer<K>>,
  ): Promise<Receipt>
  publish<M extends SchemaMap, K extends boolean, T extends keyof M & string>(
    topic: TypedTopic<M, K>,
    payload: PayloadOf<NoInfer<M>, T>,
    options: PublishOptions<NoInfer<K>> & { readonly type: T },
  ): Promise<Receipt>

  /** Publishes many, in order. Rejects with a BatchError that has one result per message, unless `settled`. */
  publishBatch<I, O, K extends boolean, Settled extends boolean = false>(
    topic: Topic<I, O, K>,
    entries: Iterable<BatchEntry<NoInfer<I>, NoInfer<K>>>,
    options?: PublishBatchOptions<Settled>,
  ): Promise<BatchOutcome<Settled>>
  publishBatch<M extends SchemaMap, K extends boolean, Settled extends boolean = false>(
    topic: TypedTopic<M, K>,
    entries: Iterable<TypedBatchEntry<NoInfer<M>, NoInfer<K>>>,
    options?: PublishBatchOptions<Settled>,
  ): Promise<BatchOutcome<Settled>>

  /**
   * Calls the handler for each message of the group. Resolves when the group exists and its start is fixed.
   * @throws SluiceError before any I/O: UNKNOWN_OPTION, INVALID_OPTION, INVALID_NAME, NAME_COLLISION, UNSUPPORTED, ORDER_CONFLICT;
   * then TOPOLOGY_MISMATCH, UNKNOWN_TOPIC, DENIED, CLOSED. All as a rejection.
   */
  subscribe<I, O, K extends boolean>(
    topic: Topic<I, O, K>,
    options: SubscribeOptions<C, NoInfer<K>>,
    handler: Handler<Message<NoInfer<O>>>,
  ): Promise<Subscription>
  subscribe<M extends SchemaMap, K extends boolean>(
    topic: TypedTopic<M, K>,
    options: SubscribeOptions<C, NoInfer<K>>,
    handlers: HandlerMap<TypedTopic<NoInfer<M>, NoInfer<K>>> | Handler<MessageOf<TypedTopic<NoInfer<M>, NoInfer<K>>>>,
  ): Promise<Subscription>

  /** Calls the handler with several deliveries at once. */
  subscribeBatch<T extends AnyTopic>(
    topic: T,
    options: SubscribeBatchOptions<C, T['keyed']>,
    handler: BatchHandler<MessageOf<NoInfer<T>>>,
  ): Promise<Subscription>

  /** Deliveries to settle by hand, as an async iterable. */
  stream<T extends AnyTopic>(topic: T, options: SubscribeOptions<C, T['keyed']>): DeliveryStream<MessageOf<T>>

  /** Creates, checks or plans topics and groups. `declare` never alters what exists. Rejects TOPOLOGY_MISMATCH with wanted and found when something differs. @default mode 'declare' */
  provision(
    topics: readonly (AnyTopic | ProvisionTopic)[],
    options?: { readonly mode?: ProvisionMode },
  ): Promise<TopologyReport>

  deadLetters(topic: AnyTopic, group: string): DeadLetters

  health(): Health
  /** Returns a function that removes the listener. */
  on<N extends EventName>(name: N, listener: EventListener<N>): () => void

  /** Drains all subscriptions, flushes all publishes, disconnects. Never rejects for work that was left: it reports it. */
  close(options?: CloseOptions): Promise<CloseReport>
}
