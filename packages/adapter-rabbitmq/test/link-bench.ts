import { createSimulatedClock, type SimulatedClock } from '@sluice/core/memory'
import { silentLogger, type AdapterError } from '@sluice/core/spi'
import type { LinkListener } from '../src/link.js'
import { ReconnectingLink } from '../src/reconnecting-link.js'
import type { WireTarget } from '../src/wire/port.js'
import { ScriptedWire, type ScriptedConnection } from './scripted-wire.js'
import { target } from './wire/connect-to.js'

export const never = (): AbortSignal => new AbortController().signal

/** A link on a scripted wire and a simulated clock, and all that it tells. */
export function bench(targets: readonly WireTarget[] = [target(1)], random: () => number = () => 0.5) {
  const clock = createSimulatedClock()
  const wire = new ScriptedWire()
  const log: string[] = []
  const link = new ReconnectingLink({
    side: 'publish',
    wire,
    targets,
    random,
    context: {
      clientName: 'test',
      clock,
      log: { ...silentLogger, error: (text) => log.push(text) },
      state: (side, state, cause) => log.push(`${side} ${state}${cause === undefined ? '' : ` ${cause.code}`}`),
      routeChanged: () => {},
    },
  })
  const listener: LinkListener = {
    up: (session) => void log.push(`up ${session.epoch}`),
    down: (session, cause) => log.push(`down ${session.epoch} ${cause.code}`),
    blocked: (isBlocked) => log.push(isBlocked ? 'blocked' : 'unblocked'),
  }
  link.listen(listener)
  /** Open, on a connection that the test holds. */
  const opened = async (heartbeatSeconds = 10): Promise<ScriptedConnection> => {
    wire.onAttempt = (attempt) => attempt.accept(heartbeatSeconds)
    await link.open(never())
    wire.onAttempt = () => {}
    return wire.last.connection as ScriptedConnection
  }
  return { clock, wire, link, log, opened }
}

export const settle = (clock: SimulatedClock): Promise<void> => clock.advance(0)
/** What it rejects with. */
export const failure = (promise: Promise<unknown>): Promise<AdapterError> =>
  promise.then(
    () => {
      throw new Error('it resolved')
    },
    (error: AdapterError) => error,
  )
