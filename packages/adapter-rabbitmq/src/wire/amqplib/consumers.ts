import type { ConsumeEvents } from '../port.js'
import { methods, type InnerChannel, type InnerMessage } from './internals.js'
import { deliveryOf } from './message.js'
import type { Owner } from './owner.js'
import type { Answer } from './requests.js'

/**
 * The consumers of a channel.
 *
 * In place of amqplib's own list, which throws inside the connection when a consumer is cancelled that it has forgotten already, and hands
 * a message of `null` to the function that expects messages.
 */
export class Consumers {
  readonly #channel: InnerChannel
  readonly #owner: Owner
  readonly #byTag = new Map<string, ConsumeEvents>()

  constructor(channel: InnerChannel, owner: Owner) {
    this.#channel = channel
    this.#owner = owner
    channel.removeAllListeners('delivery')
    channel.on('delivery', (message: InnerMessage) => this.#delivered(message))
    channel.removeAllListeners('cancel')
    channel.on('cancel', ({ consumerTag }: { readonly consumerTag: string }) => this.#cancelled(consumerTag))
  }

  start(queue: string, noAck: boolean, events: ConsumeEvents, answer: Answer<string>): void {
    const nobody = (): void => {}
    this.#channel.consume(queue, nobody, { noAck }, (error, ok) => {
      if (ok === undefined) return answer(error)
      // Now, and not when the promise of the caller is seen: deliveries follow in the same bytes.
      this.#byTag.set(ok.consumerTag, events)
      answer(null, ok.consumerTag)
    })
  }

  stop(consumerTag: string, answer: Answer<void>): void {
    const { basicCancel, basicCancelOk } = methods
    this.#channel.rpc(basicCancel, { consumerTag, nowait: false }, basicCancelOk, (error) => {
      // Not before: what was on its way belongs to it.
      if (error === null) this.#byTag.delete(consumerTag)
      answer(error)
    })
  }

  #delivered(message: InnerMessage): void {
    const events = this.#byTag.get(message.fields.consumerTag ?? '')
    // It would stay with this channel, and nobody would ever handle it.
    if (events === undefined) return this.#owner.violated(new Error('a delivery to a consumer that does not exist'))
    try {
      events.delivered(deliveryOf(message))
    } catch (error) {
      this.#owner.thrown(error)
    }
  }

  #cancelled(consumerTag: string): void {
    const events = this.#byTag.get(consumerTag)
    this.#byTag.delete(consumerTag)
    try {
      events?.cancelled()
    } catch (error) {
      this.#owner.thrown(error)
    }
  }
}
