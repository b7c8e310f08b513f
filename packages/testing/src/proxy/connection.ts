import { connect, type Socket } from 'node:net'
import type { Direction, Fault } from './fault.js'
import { Flow } from './flow.js'
import type { Framer } from './framer.js'
import { reset } from './reset.js'
import { FaultScope } from './scope.js'
import type { Verdict } from './verdict.js'

/** Where a proxy leads to. */
export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

export interface ConnectionContext {
  readonly id: number
  readonly client: Socket
  readonly framer: Framer<unknown> | undefined
  readonly random: () => number
  /** Where it leads to now. */
  readonly target: () => ProxyTarget
  /** Of the proxy. */
  readonly faults: () => readonly Fault[]
  readonly fail: (error: unknown) => void
  readonly passed: (direction: Direction, bytes: number) => void
  readonly ended: () => void
}

/** One client's connection through the proxy. Its faults come on top of those of the proxy. */
export class ProxyConnection<Frame = never> extends FaultScope<Frame, ProxyConnection<Frame>> {
  /** Counted from 1, in the order in which clients came. */
  readonly id: number
  /** The client's own port. */
  readonly clientPort: number | undefined
  readonly #context: ConnectionContext
  readonly #client: Socket
  readonly #bytes = { toBroker: 0, toClient: 0 }
  #broker: Socket | undefined
  #flows: readonly Flow[] = []
  #wasSilent = false
  #open = true

  constructor(context: ConnectionContext) {
    super(context.framer !== undefined)
    this.#context = context
    this.#client = context.client
    this.id = context.id
    this.clientPort = context.client.remotePort
    this.#watch(this.#client)
    this.changed()
  }

  get open(): boolean {
    return this.#open
  }

  /** The port that the broker sees as the client's; undefined while it is not connected. */
  get brokerSidePort(): number | undefined {
    return this.#broker?.localPort
  }

  /** Bytes that have gone on, each way. */
  get bytes(): { readonly toBroker: number; readonly toClient: number } {
    return { ...this.#bytes }
  }

  override cut(): void {
    this.#stop()
    for (const socket of this.#sockets) reset(socket)
  }

  override end(): void {
    this.#stop()
    for (const socket of this.#sockets) {
      socket.end()
      // What still comes is read and forgotten, so that the end of the other side is seen.
      socket.removeAllListeners('data').resume()
    }
  }

  override release(direction?: Direction): void {
    const [toBroker, toClient] = this.#flows
    if (direction !== 'toClient') toBroker?.release()
    if (direction !== 'toBroker') toClient?.release()
  }

  /** For the proxy: its faults have changed, or those of this connection. */
  override changed(): void {
    const faults = this.#faults
    const silent = faults.some(({ kind, direction }) => kind === 'silence' && direction === undefined)
    // Until it is heard nothing is read, so that a client that comes during a silence has lost nothing when it ends.
    if (this.#broker === undefined && !silent && this.#open) this.#connect()
    for (const flow of this.#flows) flow.reshape(faults)
    const anySilent = faults.some(({ kind }) => kind === 'silence')
    if (this.#wasSilent && !anySilent && this.#flows.some((flow) => flow.swallowed > 0)) this.cut()
    this.#wasSilent = anySilent
  }

  /** For the proxy: ends it without any protocol. */
  destroy(): void {
    this.#stop()
    for (const socket of this.#sockets) socket.destroy()
  }

  get #faults(): Fault[] {
    return [...this.#context.faults(), ...this.activeFaults]
  }

  get #sockets(): Socket[] {
    return this.#broker === undefined ? [this.#client] : [this.#client, this.#broker]
  }

  #connect(): void {
    const broker = connect({ ...this.#context.target(), allowHalfOpen: true, noDelay: true })
    this.#broker = broker
    this.#watch(broker)
    this.#flows = [this.#flow('toBroker', this.#client, broker), this.#flow('toClient', broker, this.#client)]
  }

  #flow(direction: Direction, source: Socket, sink: Socket): Flow {
    const { framer, random, fail, passed } = this.#context
    return new Flow(
      {
        direction,
        source,
        sink,
        framer,
        random,
        judge: (bytes) => this.#judge(direction, bytes),
        cut: () => this.cut(),
        fail: (error) => {
          fail(error)
          this.cut()
        },
        passed: (bytes) => {
          this.#bytes[direction] += bytes
          passed(direction, bytes)
        },
      },
      this.#faults,
    )
  }

  #judge(direction: Direction, bytes: Buffer): Verdict {
    const frame = this.#context.framer?.read(bytes, direction)
    for (const fault of this.#faults) {
      if (fault.kind !== 'hook') continue
      const verdict = fault.hook(direction, frame, this)
      if (verdict !== 'pass') return verdict
    }
    return 'pass'
  }

  #watch(socket: Socket): void {
    // Told by `close`, which follows.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (!this.#open || this.#sockets.some((one) => !one.closed)) return
      this.#open = false
      this.#stop()
      this.#context.ended()
    })
  }

  #stop(): void {
    for (const flow of this.#flows) flow.close()
  }
}
