import { createServer, type AddressInfo, type Server } from 'node:net'
import type { FaultSide } from '@sluice/testing'
import { RelayedConnection, type Owner } from './relayed-connection.js'
import { SendRules } from './send-rules.js'

/** A broker behind the relay: one listener for each node. */
export interface RelayTarget {
  readonly host: string
  readonly port: number
}

/** Which connections a fault is for; both sides where none is named. */
export interface Whose {
  readonly client: string
  readonly side?: FaultSide | undefined
}

/**
 * Stands between the clients and a broker, and knows every connection by what the client calls it. Who is refused is let in until it has
 * said its name, and thrown out then.
 */
export class Relay {
  readonly rules = new SendRules()
  readonly #servers: Server[] = []
  readonly #connections = new Set<RelayedConnection>()
  readonly #refused = new Set<Whose>()
  readonly #silent = new Set<Whose>()

  static async start(targets: readonly RelayTarget[]): Promise<Relay> {
    const relay = new Relay()
    for (const target of targets) await relay.#listen(target)
    return relay
  }

  /** One for each target, in their order. */
  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as AddressInfo).port)
  }

  cut(whose: Whose): void {
    for (const connection of this.#of(whose)) connection.cut()
  }

  /** Cuts what is there and what comes. Returns what ends it. */
  refuse(whose: Whose): () => void {
    this.#refused.add(whose)
    this.cut(whose)
    return () => void this.#refused.delete(whose)
  }

  /** Nothing passes, and nobody is told. Returns what ends it. */
  silence(whose: Whose): () => void {
    this.#silent.add(whose)
    for (const connection of this.#of(whose)) connection.silence()
    return () => {
      if (!this.#silent.delete(whose)) return
      for (const connection of this.#of(whose)) if (!this.#isSilent(connection)) connection.speak()
    }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.cut()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }

  async #listen(target: RelayTarget): Promise<void> {
    const server = createServer((socket) => {
      this.#connections.add(
        new RelayedConnection({
          socket,
          target,
          rules: this.rules,
          identified: (connection, owner) => this.#identified(connection, owner),
          closed: (connection) => void this.#connections.delete(connection),
        }),
      )
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    this.#servers.push(server)
  }

  #identified(connection: RelayedConnection, owner: Owner): void {
    if ([...this.#refused].some((whose) => fits(whose, owner))) connection.cut()
    else if (this.#isSilent(connection)) connection.silence()
  }

  #isSilent({ owner }: RelayedConnection): boolean {
    return owner !== undefined && [...this.#silent].some((whose) => fits(whose, owner))
  }

  #of(whose: Whose): readonly RelayedConnection[] {
    return [...this.#connections].filter(({ owner }) => owner !== undefined && fits(whose, owner))
  }
}

function fits({ client, side }: Whose, owner: Owner): boolean {
  return client === owner.client && (side === undefined || side === owner.side)
}
