import type { Clock } from '../model/clock.js'

/** The connection of one client, as its consumers use it. */
export interface Link {
  readonly clientName: string
  readonly clock: Clock
  /** Whether something passes between the consuming side and the broker now. */
  readonly reachable: boolean
  /** The connection of the consuming side stands, as far as the client knows. */
  readonly up: boolean
  /** The process is gone: promises stay open, as they do in a process that is gone. */
  readonly killed: boolean
  /** Tells core something that the client itself has found out. Soon; never after close or kill. */
  later(run: () => void): void
  /** Something from the broker. It comes soon, or when the broker can be reached again; it goes down with the connection. */
  arrive(run: () => void): void
  /** As {@link arrive}, but at once where the way takes no time. */
  push(run: () => void): void
  /** Something for the broker. It is there at once, or when the broker can be reached again; it goes down with the connection. */
  transmit(run: () => void): void
}
