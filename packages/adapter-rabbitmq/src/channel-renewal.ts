import type { Cancel, Clock, TimerHeap } from '@sluice/core/spi'

/** A queue that refuses for a reason that stays must not cost everybody a new channel each time. */
export const RENEWAL_PAUSE_MS = 1_000
/** What has no answer by then is not waited for any longer. */
export const RENEWAL_WAIT_MS = 1_000

export interface RenewalHooks {
  /** Nothing that was written waits for an answer. */
  readonly isIdle: () => boolean
  /** Goes on with another channel. */
  readonly renew: () => void
}

/**
 * Has the channel replaced on which a queue has refused a message. A channel remembers where the leader of a quorum queue was when it first
 * published to it; when that node was just dying, everything for that queue is refused on this channel until the node is back, however
 * well the others have taken over (RabbitMQ 3.10). Nothing more is written meanwhile: what two channels carry has no order.
 */
export class ChannelRenewal {
  readonly #clock: Clock
  readonly #timers: TimerHeap
  readonly #hooks: RenewalHooks
  #lastMs = -Infinity
  #cancel: Cancel | undefined

  constructor(clock: Clock, timers: TimerHeap, hooks: RenewalHooks) {
    this.#clock = clock
    this.#timers = timers
    this.#hooks = hooks
  }

  /** Whether nothing may be written, because the channel is about to be replaced. */
  get isDue(): boolean {
    return this.#cancel !== undefined
  }

  refused(): void {
    if (this.isDue || this.#clock.monotonic() - this.#lastMs < RENEWAL_PAUSE_MS) return
    this.#cancel = this.#timers.after(RENEWAL_WAIT_MS, () => this.#renew())
  }

  /** After answers. */
  answered(): void {
    if (this.isDue && this.#hooks.isIdle()) this.#renew()
  }

  /** The channel has ended by itself. */
  ended(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #renew(): void {
    this.ended()
    this.#lastMs = this.#clock.monotonic()
    this.#hooks.renew()
  }
}
