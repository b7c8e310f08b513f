import type { Clock } from './model/clock.js'
import type { Codec } from './model/codec.js'
import type { Logger } from './model/logger.js'
import type { Middleware } from './model/middleware.js'
import type { Tracer } from './model/trace.js'
import type { BufferOptions } from './publish/options.js'
import type { Adapter } from './spi/adapter.js'
import type { Capabilities } from './spi/capabilities.js'

/** What `createMessaging` and `connect` have in common. */
export interface CommonOptions {
  /** Shown at the broker and in logs. @default 'sluice' */
  readonly clientName?: string
  /** `declare` creates missing topics and groups; `verify` rejects when something is missing or differs; `none` asks nothing. @default 'declare' */
  readonly topology?: 'declare' | 'verify' | 'none'
  /** Longest time in which the first connection may fail, in ms. @default 30000 */
  readonly startupTimeoutMs?: number
  /** Limits of what waits to be stored. */
  readonly buffer?: BufferOptions
  /** Default of `timeoutMs` of each publish, in ms. @default 30000 */
  readonly publishTimeoutMs?: number
  /**
   * `pipelined`: many publishes of a key may be under way; after an uncertain one all that follow are sent again in order. `strict`:
   * one at a time per key, so that a refusal in the middle cannot let a later one be stored first. @default 'pipelined'
   */
  readonly publishOrder?: 'pipelined' | 'strict'
  /** Around every publish and every handler, outermost first. @default none */
  readonly middleware?: readonly Middleware[]
  /** Codecs for decoding beside the one of the topic, chosen by content type. @default json and bytes */
  readonly codecs?: readonly Codec[]
  /** @default no tracing */
  readonly tracer?: Tracer
  /** @default silent */
  readonly logger?: Logger
  /** Where time comes from; for tests. @default the clock of the machine */
  readonly clock?: Clock
}

/** Options of {@link createMessaging}. */
export interface MessagingOptions<C extends Capabilities = Capabilities> extends CommonOptions {
  readonly adapter: Adapter<C>
}
