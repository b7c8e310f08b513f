import { createServer, type AddressInfo, type Server } from 'node:net'
import type { FaultSide } from '@sluice/testing'
import type { Owner, Relayed, RelayedOptions, RelayTarget } from './relayed.js'
import { SendRules } from './send-rules.js'

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
  readonly #open: (options: RelayedOptions) => Relayed
  readonly #servers: Server[] = []
  readonly #connections = new Set<Relayed>()
  readonly #refused = new Set<Whose>()
  readonly #silent = new Set<Whose>()

  /** `open` takes a connection on, in the protocol of the broker. */
  constructor(open: (options: RelayedOptions) => Relayed) {
    this.#open = open
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

  /** Before a node; returns the port at which clients reach it. */
  async listen(target: RelayTarget): Promise<number> {
    const server = createServer((socket) => {
      this.#connections.add(
        this.#open({
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
    return (server.address() as AddressInfo).port
  }

  #identified(connection: Relayed, owner: Owner): void {
    if ([...this.#refused].some((whose) => fits(whose, owner))) connection.cut()
    else if (this.#isSilent(connection)) connection.silence()
  }

  #isSilent({ owner }: Relayed): boolean {
    return owner !== undefined && [...this.#silent].some((whose) => fits(whose, owner))
  }

  #of(whose: Whose): readonly Relayed[] {
    return [...this.#connections].filter(({ owner }) => owner !== undefined && fits(whose, owner))
  }
}

function fits({ client, side }: Whose, owner: Owner): boolean {
  return client === owner.client && (side === undefined || side === owner.side)
}
