import type { Cancel, Clock } from '@sluice/core/spi'
import type { Session } from './link.js'
import type { WireConnection } from './wire/port.js'

/** How many heartbeats may pass without a byte. See {@link Session.aliveUntilMs}. */
const SILENT_HEARTBEATS = 1.5

/** A connection and its life. */
export class LiveSession implements Session {
  readonly connection: WireConnection
  readonly epoch: number
  readonly #clock: Clock
  readonly #sinceMs: number
  readonly #silenceMs: number
  #heardMs: number
  #ended = false
  #dropped = false
  #timer: Cancel | undefined

  constructor(connection: WireConnection, epoch: number, clock: Clock) {
    const heartbeatMs = connection.heartbeatSeconds * 1_000
    this.connection = connection
    this.epoch = epoch
    this.#clock = clock
    this.#sinceMs = clock.monotonic()
    this.#heardMs = this.#sinceMs
    this.#silenceMs = heartbeatMs === 0 ? Infinity : heartbeatMs * SILENT_HEARTBEATS
    if (heartbeatMs > 0) this.#watch(heartbeatMs / 4)
  }

  get aliveUntilMs(): number {
    return this.#heardMs + this.#silenceMs
  }

  get isLive(): boolean {
    return !this.#ended && !this.#dropped && this.#clock.monotonic() <= this.aliveUntilMs
  }

  get isEnded(): boolean {
    return this.#ended
  }

  get lastedMs(): number {
    return this.#clock.monotonic() - this.#sinceMs
  }

  /** A byte has come in. Too late, it may have waited while this process stood still, and is not looked at. */
  heard(): void {
    const nowMs = this.#clock.monotonic()
    if (nowMs > this.aliveUntilMs) this.#silent()
    else this.#heardMs = nowMs
  }

  /** `down` follows soon. */
  drop(reason: string): void {
    this.#dropped = true
    this.connection.destroy(reason)
  }

  end(): void {
    this.#ended = true
    this.#timer?.()
  }

  #watch(everyMs: number): void {
    this.#timer = this.#clock.after(everyMs, () => {
      if (this.#clock.monotonic() > this.aliveUntilMs) return this.#silent()
      this.connection.beat()
      this.#watch(everyMs)
    })
  }

  #silent(): void {
    this.drop(`nothing came from the broker for more than ${this.#silenceMs / 1_000} s`)
  }
}
