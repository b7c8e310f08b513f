export type { Adapter, AdapterContext, Side, SideState } from './spi/adapter.js'
export type { AdapterFactory } from './spi/adapter-factory.js'
export { adapterError, isAdapterError, type AdapterError, type AdapterErrorCode } from './spi/adapter-error.js'
export type { Capabilities } from './spi/capabilities.js'
export type { Claim, Consumer, ConsumeRequest, ConsumeSink, Notice } from './spi/consuming.js'
export type { DeadLetterBox } from './spi/dead-letter-box.js'
export type { Inbound, Outbound, StoredLetter } from './spi/envelope.js'
export type { Destination, GroupRef, Route, SendBatch, SendResult } from './spi/sending.js'
export type {
  Finding,
  GroupMeasure,
  GroupSpec,
  ProvisionMode,
  TopicSpec,
  Topology,
  TopologyItem,
  TopologyReport,
} from './spi/topology.js'
export * from './spi/within.js'
export { systemClock, type Cancel, type Clock } from './model/clock.js'
export { silentLogger, type Logger } from './model/logger.js'
export type { HeaderList } from './model/headers.js'
export { formatVersion, standardHeaders } from './model/headers.js'
export { deadLetterName, groupName, maxNameLength, reservedSuffixes } from './model/names.js'
export { checkKeys, checkMs, checkNumber, checkOneOf, show } from './errors/check-options.js'
export { envelopeBytes } from './kit/envelope-size.js'

export * from './kit/backoff.js'
export * from './kit/balance.js'
export * from './kit/counted-buffer.js'
export * from './kit/deque.js'
export { encodeHeaders, readHeaders } from './kit/header-codec.js'
export * from './kit/murmur2.js'
export * from './kit/prefix-tracker.js'
export * from './kit/sleep.js'
export * from './kit/timer-heap.js'
export * from './kit/utf8.js'
