import type { WireError } from '../wire-error.js'
import type { AmqplibChannel } from './channel.js'
import type { InnerConnection } from './internals.js'

/** A connection as its channels see it. */
export interface Owner {
  readonly connection: InnerConnection
  readonly isOpen: boolean
  /** Why it is not open. */
  readonly end: WireError | undefined
  /** Something is about to be written. */
  writing(): void
  /** The broker broke the protocol: the connection ends. */
  violated(error: unknown): void
  /** A listener of the adapter has thrown. The connection ends: going on as if it had listened could lose messages without a word. */
  thrown(error: unknown): void
  /** The channel has ended. */
  left(channel: AmqplibChannel): void
}
