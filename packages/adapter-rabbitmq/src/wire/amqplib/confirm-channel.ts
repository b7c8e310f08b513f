import type { ConfirmEvents, WireConfirmChannel, WireMessage } from '../port.js'
import { AmqplibChannel } from './channel.js'
import { methods, type InnerChannel, type InnerMessage } from './internals.js'
import { returnOf } from './message.js'
import type { Owner } from './owner.js'
import type { Answer } from './requests.js'

interface Confirm {
  readonly deliveryTag: number
  readonly multiple: boolean
}

/**
 * A channel that counts its publishes itself. amqplib's own confirms are a list of functions that reports all of them as failed when a
 * channel is closed behind them, and that grows when the broker confirms out of order.
 */
export class AmqplibConfirmChannel extends AmqplibChannel implements WireConfirmChannel {
  readonly #events: ConfirmEvents
  #tag = 0

  constructor(inner: InnerChannel, owner: Owner, events: ConfirmEvents) {
    super(inner, owner, events)
    this.#events = events
    for (const event of ['ack', 'nack']) inner.removeAllListeners(event)
    inner.on('ack', (confirm: Confirm) => this.#confirmed(confirm, true))
    inner.on('nack', (confirm: Confirm) => this.#confirmed(confirm, false))
    inner.on('return', (message: InnerMessage) => this.#returned(message))
  }

  override async open(send: (answer: Answer<unknown>) => void): Promise<void> {
    const { confirmSelect, confirmSelectOk } = methods
    await this.request<unknown>([], send)
    await this.becomeUsable((answer) => this.inner.rpc(confirmSelect, { nowait: false }, confirmSelectOk, answer))
  }

  publishConfirmed(message: WireMessage): number {
    if (!this.isOpen) return 0
    this.publishes.write(message)
    this.#tag += 1
    return this.#tag
  }

  #confirmed({ deliveryTag, multiple }: Confirm, ok: boolean): void {
    if (!(deliveryTag >= 1 && deliveryTag <= this.#tag)) {
      return this.owner.violated(new Error('a confirm for a message that was not published'))
    }
    try {
      this.#events.confirmed(deliveryTag, multiple, ok)
    } catch (error) {
      this.owner.thrown(error)
    }
  }

  #returned(message: InnerMessage): void {
    try {
      this.#events.returned(returnOf(message))
    } catch (error) {
      this.owner.thrown(error)
    }
  }
}
