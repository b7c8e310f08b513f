import { SluiceError } from '../errors/sluice-error.js'
import { Deque } from '../kit/deque.js'
import type { Delivery } from '../model/delivery.js'
import type { Message } from '../model/message.js'
import type { CoreDelivery } from './delivery.js'
import type { DeliveryStream } from './delivery-stream.js'
import type { InvokeOne } from './invoke.js'
import type { Subscription } from './subscription-handle.js'

/** The pull form of a subscription: the "handler" of a delivery ends when somebody settles it. */
export class Iterate implements DeliveryStream {
  readonly subscription: Promise<Subscription>
  readonly #ready = new Deque<CoreDelivery>()
  readonly #open = new Set<CoreDelivery>()
  /** Of every loop that waits. */
  #wakes: (() => void)[] = []
  #closed = false
  #failure: SluiceError | undefined
  #closing: Promise<void> | undefined

  constructor(begin: (invoke: InvokeOne, closing: () => void) => Promise<Subscription>) {
    this.subscription = begin(this.#invoke, this.#giveBackUnread)
    this.subscription.then(
      (subscription) =>
        subscription.closed.then(
          () => this.#end(undefined),
          (error: unknown) => this.#end(error),
        ),
      (error: unknown) => this.#end(error),
    )
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delivery<Message>, void, undefined> {
    try {
      for (;;) {
        const delivery = this.#ready.shift()
        if (delivery !== undefined) {
          // What was lost has been ended. What is overdue before its turn still needs somebody to settle it.
          if (!delivery.settled) yield delivery
        } else if (this.#closed) {
          if (this.#failure !== undefined) throw this.#failure
          return
        } else {
          await new Promise<void>((resolve) => {
            this.#wakes.push(resolve)
          })
        }
      }
    } finally {
      await this.close()
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #invoke: InvokeOne = (d) => {
    if (this.#closing !== undefined) return d.giveBack()
    this.#open.add(d)
    this.#ready.push(d)
    this.#wakeUp()
    return new Promise<void>((resolve) => {
      const end = (): void => {
        this.#open.delete(d)
        // Nobody has said that it is done: to end is not to ack here.
        d.conclude({ kind: 'give-back', delayMs: 0 })
        resolve()
      }
      d.whenSettled(end)
      // Lost or past the deadline: nobody can settle it any more. One that is overdue still can, and nothing may run beside it.
      d.signal.addEventListener('abort', () => d.abortedBy?.code === 'HANDLER_TIMEOUT' || end(), { once: true })
    })
  }

  /** Nobody has seen them, so no handler runs: a close of the subscription does not wait for them. */
  #giveBackUnread = (): void => {
    for (let delivery = this.#ready.shift(); delivery !== undefined; delivery = this.#ready.shift()) {
      if (!delivery.settled) void delivery.giveBack()
    }
  }

  async #close(): Promise<void> {
    let subscription: Subscription
    try {
      subscription = await this.subscription
    } catch {
      return
    }
    const closed = subscription.close()
    for (const delivery of this.#open) if (!delivery.settled) void delivery.giveBack()
    await closed
    this.#end(undefined)
  }

  #end(failure: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#failure = failure instanceof SluiceError ? failure : undefined
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wakes = this.#wakes
    this.#wakes = []
    for (const wake of wakes) wake()
  }
}
