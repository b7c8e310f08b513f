export { connect } from './connect.js'
export type { ConnectExtras, ConnectOptions, SluiceConfig } from './config/connect-options.js'
export { defineConfig } from './config/define-config.js'
export { closeOnSignals, type CloseOnSignalsOptions } from './close-on-signals.js'
export { createMessaging } from './create-messaging.js'
export type { Messaging } from './messaging-handle.js'
export type { ProvisionGroup, ProvisionTopic } from './admin/provision-topic.js'
export type { CommonOptions, MessagingOptions } from './messaging-options.js'

export { defineTopic } from './model/topic.js'
export type { AnyTopic, SchemaMap, Topic, TopicOptions, TypedTopic } from './model/topic.js'
export { unchecked } from './model/schema.js'
export type { SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from './model/schema.js'
export { bytesCodec, jsonCodec, type Codec } from './model/codec.js'
export type { Key } from './model/key.js'
export type { HeaderList } from './model/headers.js'
export type { Message, MessageOf, PayloadOf, Receipt } from './model/message.js'
export type {
  BatchHandler,
  Delivery,
  GiveBackOptions,
  Handler,
  HandlerMap,
  SettleRetryOptions,
} from './model/delivery.js'
export type { OutgoingMessage, Middleware } from './model/middleware.js'
export type { HandlerSpan, Span, Tracer } from './model/trace.js'
export type { EventListener, EventName, SluiceEvents } from './model/events.js'
export type {
  CloseReport,
  Health,
  StuckKey,
  SubscriptionHealth,
  SubscriptionState,
  SubscriptionStats,
} from './model/health.js'
export type { Idempotency, IdempotencyClaim, IdempotencyEntry, IdempotencyStore } from './model/store.js'
export type { Limiter, LimiterContext, LimiterGate } from './model/limiter.js'
export { silentLogger, type Logger } from './model/logger.js'
export { systemClock, type Cancel, type Clock } from './model/clock.js'

export type {
  BatchEntry,
  BatchOutcome,
  BufferOptions,
  PublishBaseOptions,
  PublishBatchOptions,
  PublishOptions,
  TypedBatchEntry,
} from './publish/options.js'
export type {
  BreakerOptions,
  CloseOptions,
  SubscribeBatchOptions,
  SubscribeOptions,
  WindowOptions,
} from './consume/options.js'
export type { HeldMessage, ReleaseOptions, Subscription } from './consume/subscription-handle.js'
export type { DeliveryStream } from './consume/delivery-stream.js'
export type {
  DeadLetter,
  DeadLetterPage,
  DeadLetters,
  ListOptions,
  PurgeOptions,
  RedriveOptions,
  RedriveReport,
} from './admin/dead-letters-handle.js'
export type { Failure, RetryDecision, RetryPolicy } from './failure/policy.js'
export { defaultRetryPolicy } from './failure/default-policy.js'
export { perSecond, type PerSecondOptions } from './builtin/per-second.js'
export { createMemoryStore, type MemoryStoreOptions } from './builtin/memory-store.js'
export { memoryIdempotency, type MemoryIdempotencyOptions } from './builtin/memory-idempotency.js'

export { isSluiceError, SluiceError, type ErrorDetails } from './errors/sluice-error.js'
export { BatchError, type BatchResult } from './errors/batch-error.js'
export { PermanentError, RetryAfterError } from './errors/handler-errors.js'
export { errorTable, type ErrorCode } from './errors/table.js'
export type { Capabilities } from './spi/capabilities.js'
export type { Adapter } from './spi/adapter.js'
export type { ProvisionMode, TopologyItem, TopologyReport } from './spi/topology.js'
