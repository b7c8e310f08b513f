import { type AdapterError, type Clock, sleep } from '@sluice/core/spi'
import { dial } from './dial.js'
import { toAdapterError } from './errors.js'
import { Hosts } from './hosts.js'
import { openLine, type Line } from './line.js'
import { ReconnectPace } from './reconnect-pace.js'
import type { Wire, WireTarget } from './wire/port.js'

export interface ConnectorOptions {
  readonly wire: Wire
  readonly clock: Clock
  /** One for each address of the broker, otherwise alike. */
  readonly targets: readonly WireTarget[]
  readonly random: () => number
  readonly attempting: () => void
  readonly refused: (trouble: Error & AdapterError, address: string) => void
  readonly signal: AbortSignal
}

/** A session that lasted so long was no part of the trouble before it. */
const SOUND_MS = 10_000

/** Finds a broker, over all its addresses, as often as it takes. */
export class Connector {
  readonly #options: ConnectorOptions
  readonly #hosts: Hosts<WireTarget>
  readonly #pace: ReconnectPace
  #failed = false

  constructor(options: ConnectorOptions) {
    this.#options = options
    this.#hosts = new Hosts(options.targets, options.random)
    this.#pace = new ReconnectPace(options.random)
  }

  /** `undefined` when the signal has aborted. */
  async connect(): Promise<Line | undefined> {
    const { clock, signal } = this.#options
    while (!signal.aborted) {
      if (this.#failed) await sleep(clock, this.#pace.next(clock.monotonic()), signal)
      this.#failed = true
      const line = await this.#round()
      if (line !== undefined) return line
    }
    return undefined
  }

  /** How long the connection has lasted. One that breaks at once again and again must not be made again at once again and again. */
  ended(lastedMs: number): void {
    if (lastedMs >= SOUND_MS) this.#pace.reset()
  }

  async #round(): Promise<Line | undefined> {
    const { wire, clock, attempting, refused, signal } = this.#options
    for (let tried = 0; tried < this.#hosts.size && !signal.aborted; tried += 1) {
      const { host, port, connectTimeoutMs } = this.#hosts.current
      attempting()
      try {
        const line = await dial(
          {
            hosts: this.#hosts,
            connect: (target, timeoutMs, over) => openLine(wire, { ...target, connectTimeoutMs: timeoutMs }, over),
            discard: ({ connection }) => connection.destroy('another attempt was quicker'),
            clock,
            timeoutMs: connectTimeoutMs,
          },
          signal,
        )
        if (!signal.aborted) return line
        line.connection.destroy('closed by this side')
      } catch (error) {
        if (!signal.aborted) refused(toAdapterError(error, { connecting: true }), `${host}:${port}`)
        this.#hosts.next()
      }
    }
    return undefined
  }
}
