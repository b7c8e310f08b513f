import type { Side, SideState } from '../spi/adapter.js'
import type { Broker } from './broker.js'
import type { Client } from './client.js'
import type { Unreported } from './outbox.js'

/** How a connection is broken. */
export interface DropOptions {
  /** @default both sides */
  readonly side?: Side | undefined
  /** What became of messages whose answer is under way. @default 'half' */
  readonly unreported?: Unreported | undefined
  /** `manual`: it stays down until `restore()`. @default 'auto' */
  readonly reconnect?: 'auto' | 'manual' | undefined
}

/** How a process is ended. */
export interface KillOptions {
  /** What became of messages that were under way. @default 'half' */
  readonly unreported?: Unreported | undefined
  /** After how many ms the broker notices. @default at once */
  readonly noticeMs?: number | undefined
}

/** One client of the broker. */
export interface InstanceControl {
  readonly clientName: string
  /** Unique among all clients that this broker has had. */
  readonly id: number
  readonly alive: boolean
  state(side: Side): SideState
  /** Breaks its connection. */
  drop(options?: DropOptions): void
  /** Lets a connection come back that was dropped with `reconnect: 'manual'`. */
  restore(): void
  /** Nothing passes either way until `thaw()`; after `sessionMs` the broker gives its claims away. */
  freeze(): void
  /** Ends `freeze()`. What the broker took meanwhile is reported as lost before anything else. */
  thaw(): void
  /** As SIGKILL: no callback ever again, and what is called later has no effect. */
  kill(options?: KillOptions): void
}

export function instanceControl(broker: Broker, client: Client): InstanceControl {
  return {
    clientName: client.clientName,
    id: client.id,
    get alive() {
      return broker.clients.has(client)
    },
    state: (side) => client.state(side),
    drop: ({ side, unreported = 'half', reconnect = 'auto' } = {}) => {
      const sides = side === undefined ? (['publish', 'consume'] as const) : [side]
      client.lose({
        sides,
        cause: broker.lost('has dropped the connection'),
        unreported,
        reconnect: reconnect === 'auto',
      })
    },
    restore: () => client.restore(),
    freeze: () => client.freeze(),
    thaw: () => client.thaw(),
    kill: ({ unreported = 'half', noticeMs } = {}) => {
      if (noticeMs === undefined) client.kill(unreported)
      else client.vanish(noticeMs, unreported)
    },
  }
}
