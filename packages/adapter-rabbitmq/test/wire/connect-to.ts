import { systemClock } from '@sluice/core/spi'
import { createAmqplibWire } from '../../src/wire/amqplib/wire.js'
import type { WireConnection, WireTarget } from '../../src/wire/port.js'
import type { WireError } from '../../src/wire/wire-error.js'

/** A connection with everything that has happened to it. */
export interface Connected {
  readonly connection: WireConnection
  /** What was told, in order: `blocked`, `channel 1 closed` … */
  readonly log: string[]
  readonly closed: Promise<WireError>
  /** Called for each chunk. */
  onReceived: () => void
  /** Events of a channel that write themselves into the log. */
  channelEvents(name: string): {
    closed(reason: WireError): void
    confirmed(tag: number, multiple: boolean, ok: boolean): void
    returned(message: { readonly replyCode: number }): void
  }
}

export const target = (port: number, changes: Partial<WireTarget> = {}): WireTarget => ({
  host: '127.0.0.1',
  port,
  vhost: '/',
  username: 'guest',
  password: 'guest',
  tls: undefined,
  heartbeatSeconds: 10,
  connectTimeoutMs: 5_000,
  connectionName: 'test',
  ...changes,
})

/** Rejects as the wire does. */
export async function connectTo(
  to: WireTarget,
  signal: AbortSignal = new AbortController().signal,
): Promise<Connected> {
  const log: string[] = []
  const received = { run: (): void => {} }
  let end: (reason: WireError) => void = () => {}
  const closed = new Promise<WireError>((resolve) => (end = resolve))
  const connection = await createAmqplibWire(systemClock).connect(
    to,
    {
      closed: (reason) => {
        log.push('closed')
        end(reason)
      },
      blocked: (reason) => log.push(`blocked: ${reason}`),
      unblocked: () => log.push('unblocked'),
      received: () => received.run(),
    },
    signal,
  )
  return {
    connection,
    log,
    closed,
    set onReceived(run: () => void) {
      received.run = run
    },
    channelEvents: (name) => ({
      closed: (reason) => log.push(`${name} closed: ${reason.kind} ${reason.replyCode ?? ''}`.trim()),
      confirmed: (tag, multiple, ok) => log.push(`${name} ${ok ? 'ack' : 'nack'} ${tag}${multiple ? ' multiple' : ''}`),
      returned: ({ replyCode }) => log.push(`${name} returned: ${replyCode}`),
    }),
  }
}
