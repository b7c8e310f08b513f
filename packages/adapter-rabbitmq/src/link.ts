import type { AdapterError } from '@sluice/core/spi'
import type { WireChannel, WireConnection } from './wire/port.js'

/** One live connection. A new connection is a new session: everything of the old one is dead. */
export interface Session {
  readonly connection: WireConnection
  /** Grows with each connection of the link. */
  readonly epoch: number
  /**
   * Until when, on the monotonic clock of the context, the broker has not given up this connection for sure: one and a half heartbeats
   * after the last byte that came in. It stands still while nothing comes, or while the process itself stands still; behind it the link
   * lets the connection go before it looks at anything that comes.
   *
   * The broker gives up two heartbeats after the last byte that it got, at the earliest, and gets one every quarter of a heartbeat. It sends
   * one every half, but almost a whole one apart around other traffic: with a single heartbeat a healthy connection would be dropped.
   */
  readonly aliveUntilMs: number
  /** It has not ended, and {@link aliveUntilMs} is not over. `down` may come a little later. */
  readonly isLive: boolean
}

export interface LinkListener {
  /**
   * A session stands; called again for each. What it starts must look at `session.isLive` after each wait. The side is not `ready`, and `open`
   * does not resolve, until what all listeners return has resolved; when one rejects, the session is dropped and another one made.
   */
  up(session: Session): void | Promise<void>
  /** The session has ended, before anything else happens on the link. Its channels have heard it before. */
  down(session: Session, cause: AdapterError): void
  /** Only on the publish side. */
  blocked?(isBlocked: boolean): void
}

/** One side of the adapter (publish or consume): a connection that comes back for ever, over all hosts, until it is closed. */
export interface Link {
  readonly session: Session | undefined
  readonly isBlocked: boolean
  /** Why there is no session. */
  readonly trouble: AdapterError | undefined
  /** The first connection. Rejects at once on what only a person can mend, with the last trouble when `signal` aborts; tries again meanwhile. The link is closed when it has rejected. */
  open(signal: AbortSignal): Promise<void>
  /** In the order of subscription. Called with the session that stands, if one does, soon after. Returns what ends it. */
  listen(listener: LinkListener): () => void
  /** A session, as soon as there is one; rejects with the trouble when `signal` aborts, with CLOSED after close. */
  whenUp(signal: AbortSignal): Promise<Session>
  /**
   * Runs `work` with a channel of its own, which is closed afterwards: an error of the broker ends that channel and nothing else. Waits for a
   * session. Rejects with the AdapterError of what went wrong, DISCONNECTED (retryable) when the session ended meanwhile, and when `signal` aborts.
   */
  onChannel<T>(work: (channel: WireChannel) => Promise<T>, signal: AbortSignal): Promise<T>
  /** The connection can no longer be trusted: ends it, and a new one is made. */
  drop(reason: string): void
  /** With a farewell, within the signal. Never rejects. */
  close(signal: AbortSignal): Promise<void>
}
