import type { AmqpFrame } from './amqp-frame.js'
import { methodsWithContent } from './amqp-methods.js'
import type { ProxyConnection } from './connection.js'
import type { Direction } from './fault.js'
import type { FrameHook } from './scope.js'
import type { Verdict } from './verdict.js'

export type AmqpConnection = ProxyConnection<AmqpFrame>

/** A message that is being passed: what was said about its method, and how much of it is still to come. */
interface Open {
  readonly dropped: boolean
  bodyLeft: number
}

/**
 * Makes a hook that is asked once for each command: about the method, and for a message (publish, deliver, return, get-ok) not
 * again about the header and body frames that belong to it. So `drop` loses whole messages and leaves a stream that can be read.
 *
 * A broker counts publishes as they arrive: when one is dropped, the confirms of all later ones are about the message before, which
 * no real network does. Drop publishes from some point on until the connection is cut, or drop confirms.
 */
export function amqpCommands(
  decide: (direction: Direction, method: AmqpFrame, connection: AmqpConnection) => Verdict,
): FrameHook<AmqpFrame, AmqpConnection> {
  const openOf = new WeakMap<AmqpConnection, Map<string, Open>>()
  return (direction, frame, connection) => {
    const messages = openOf.get(connection) ?? new Map<string, Open>()
    openOf.set(connection, messages)
    const place = `${direction} ${frame.channel}`
    if (frame.kind === 'method') {
      const verdict = decide(direction, frame, connection)
      if (methodsWithContent.has(frame.method ?? ''))
        messages.set(place, { dropped: isLost(verdict), bodyLeft: Infinity })
      return verdict
    }
    const open = messages.get(place)
    if (open === undefined || (frame.kind !== 'header' && frame.kind !== 'body')) return 'pass'
    open.bodyLeft = frame.kind === 'header' ? (frame.bodyBytes ?? 0) : open.bodyLeft - bodyOf(frame)
    if (open.bodyLeft <= 0) messages.delete(place)
    return open.dropped ? 'drop' : 'pass'
  }
}

/** What replaces a method stands for its message as well. */
function isLost(verdict: Verdict): boolean {
  return verdict === 'drop' || (typeof verdict === 'object' && 'replace' in verdict)
}

/** Without type, channel, size and end. */
function bodyOf(frame: AmqpFrame): number {
  return frame.bytes.length - 8
}
