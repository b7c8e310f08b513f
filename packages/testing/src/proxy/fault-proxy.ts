import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Undo } from '../faults.js'
import { seededRandom } from '../scenario/random.js'
import { ProxyConnection, type ProxyTarget } from './connection.js'
import type { Direction } from './fault.js'
import type { Framer } from './framer.js'
import { listen } from './listen.js'
import { FaultScope } from './scope.js'

export interface FaultProxyOptions<Frame> {
  /** Where frames end, for `onFrame`. It sees what is on the wire, so not through TLS. @default none */
  readonly framer?: Framer<Frame>
  /** Decides what is random: jitter. @default 1 */
  readonly seed?: number
}

/** Since the start. */
export interface ProxyCounters {
  /** Connections that were taken. */
  readonly accepted: number
  /** Connections that were turned away while `refuse` lasted; such that met a closed port are not seen. */
  readonly refused: number
  readonly open: number
  /** Bytes that have gone on. */
  readonly bytes: { readonly toBroker: number; readonly toClient: number }
}

/** How clients are turned away: `reset` takes and resets them, `closed-port` lets the system refuse them. */
export type Refusal = 'reset' | 'closed-port'

/**
 * Starts a TCP proxy on a free loopback port in front of a broker. It is transparent until told otherwise.
 *
 * @throws TypeError when the target has no host or port, Error when it cannot listen
 */
export async function startFaultProxy<Frame = never>(
  target: ProxyTarget,
  options: FaultProxyOptions<Frame> = {},
): Promise<FaultProxy<Frame>> {
  const checked = checkTarget(target)
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
  const port = await listen(server)
  return new FaultProxy(checked, options, server, port)
}

/** Faults of it are faults of all its connections, open and to come. */
export class FaultProxy<Frame = never> extends FaultScope<Frame, ProxyConnection<Frame>> {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #options: FaultProxyOptions<Frame>
  readonly #server: Server
  readonly #random: () => number
  readonly #connections = new Set<ProxyConnection<Frame>>()
  readonly #bytes = { toBroker: 0, toClient: 0 }
  readonly #problems: unknown[] = []
  #target: ProxyTarget
  #accepted = 0
  #refused = 0
  #resetting = 0
  #closedPort = 0
  #closed = false

  constructor(target: ProxyTarget, options: FaultProxyOptions<Frame>, server: Server, port: number) {
    super(options.framer !== undefined)
    this.#options = options
    this.#target = target
    this.#random = seededRandom(options.seed ?? 1)
    this.#server = server
    this.port = port
    server.on('connection', (client) => this.#accept(client))
  }

  /** The open ones, in the order in which they came. */
  get connections(): readonly ProxyConnection<Frame>[] {
    return [...this.#connections]
  }

  get counters(): ProxyCounters {
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      open: this.#connections.size,
      bytes: { ...this.#bytes },
    }
  }

  /** Leads new connections to another address, as after a broker has come back elsewhere. @throws TypeError as at the start */
  retarget(target: ProxyTarget): void {
    this.#target = checkTarget(target)
  }

  override cut(): void {
    for (const connection of this.connections) connection.cut()
  }

  override end(): void {
    for (const connection of this.connections) connection.end()
  }

  override release(direction?: Direction): void {
    for (const connection of this.connections) connection.release(direction)
  }

  /** Turns new connections away until it is undone; open ones stay. */
  async refuse(how: Refusal = 'reset'): Promise<Undo> {
    let isOver = false
    if (how === 'reset') {
      this.#resetting += 1
      return () => {
        if (!isOver) this.#resetting -= 1
        isOver = true
        return Promise.resolve()
      }
    }
    this.#closedPort += 1
    if (this.#closedPort === 1) this.#server.close()
    return async () => {
      if (isOver) return
      isOver = true
      this.#closedPort -= 1
      if (this.#closedPort === 0 && !this.#closed) await listen(this.#server, this.port)
    }
  }

  /**
   * Ends the proxy and all its connections.
   *
   * @throws Error what a hook has thrown, or that bytes were no frames of the framer; the connection was cut then
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined
    this.#server.close()
    for (const connection of this.connections) connection.destroy()
    await closed
    if (this.#problems.length > 0) throw this.#problems[0]
  }

  protected override changed(): void {
    for (const connection of this.connections) connection.changed()
  }

  #accept(client: Socket): void {
    if (this.#resetting > 0) {
      this.#refused += 1
      client.on('error', () => undefined)
      client.resetAndDestroy()
      return
    }
    this.#accepted += 1
    const connection: ProxyConnection<Frame> = new ProxyConnection<Frame>({
      id: this.#accepted,
      client,
      framer: this.#options.framer,
      random: this.#random,
      target: () => this.#target,
      faults: () => this.activeFaults,
      fail: (error) => this.#problems.push(error),
      passed: (direction, bytes) => (this.#bytes[direction] += bytes),
      ended: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }
}

/** A copy: the address of a broker may change while its object stays. */
function checkTarget({ host, port }: ProxyTarget): ProxyTarget {
  if (typeof host === 'string' && host !== '' && Number.isInteger(port) && port > 0 && port < 65_536)
    return { host, port }
  throw new TypeError(`Fault proxy: ${String(host)}:${String(port)} is no target, it needs a host and a port`)
}
