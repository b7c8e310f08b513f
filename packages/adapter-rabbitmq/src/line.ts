import type { ConnectionEvents, Wire, WireConnection, WireTarget } from './wire/port.js'
import type { WireError } from './wire/wire-error.js'

/** An open connection. */
export interface Line {
  readonly connection: WireConnection
  /** From now on `events` are told, what has happened before at once. */
  take(events: ConnectionEvents): void
}

/** A connection may end, or be blocked, between the moment in which it opens and the one in which somebody who waits for it gets it. */
export async function openLine(wire: Wire, target: WireTarget, signal: AbortSignal): Promise<Line> {
  let taker: ConnectionEvents | undefined
  let end: WireError | undefined
  let block: string | undefined
  const connection = await wire.connect(
    target,
    {
      closed: (reason) => {
        end = reason
        taker?.closed(reason)
      },
      blocked: (reason) => {
        block = reason
        taker?.blocked(reason)
      },
      unblocked: () => {
        block = undefined
        taker?.unblocked()
      },
      received: () => taker?.received(),
    },
    signal,
  )
  return {
    connection,
    take: (events) => {
      taker = events
      if (end !== undefined) events.closed(end)
      else if (block !== undefined) events.blocked(block)
    },
  }
}
