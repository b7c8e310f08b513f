import type { Socket } from 'node:net'
import type { FaultSide } from '@sluice/testing'
import type { SendRules } from './send-rules.js'

/** Who has made a connection, as it says itself. */
export interface Owner {
  readonly client: string
  /** `undefined`: not known yet, or for both. */
  readonly side: FaultSide | undefined
}

/** A node of a broker behind the relay. */
export interface RelayTarget {
  readonly host: string
  readonly port: number
}

/** One connection of a client with the one to the broker behind it. */
export interface Relayed {
  readonly owner: Owner | undefined
  /** Without a farewell, on both sides. What was kept or delayed is lost. */
  cut(): void
  silence(): void
  /** What was kept goes on, as TCP sends again what was not acknowledged; unless one of both has given up meanwhile. */
  speak(): void
}

export interface RelayedOptions {
  readonly socket: Socket
  readonly target: RelayTarget
  readonly rules: SendRules
  /** The connection has said whose it is. */
  readonly identified: (connection: Relayed, owner: Owner) => void
  readonly closed: (connection: Relayed) => void
}
