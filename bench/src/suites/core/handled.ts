import type { Delivery, Message } from '@sluice/core'
import type { Flow } from '../../measure/flow.js'
import type { Order } from './order.js'

/** The handlers of the application: they do as little as the one of `floor.mjs`, and prove that each message came once. */
export class Handled {
  readonly #flow: Flow
  readonly single: (message: Message<Order>) => Promise<void>
  #count = 0
  #sum = 0

  /** `work` is what each message takes; without it the handler has nothing to wait for. */
  constructor(flow: Flow, work: ((order: Order) => Promise<unknown> | undefined) | undefined) {
    this.#flow = flow
    this.single =
      work === undefined
        ? async ({ payload }) => this.#add(payload)
        : async ({ payload }) => {
            const working = work(payload)
            if (working !== undefined) await working
            this.#add(payload)
          }
  }

  readonly batch = async (deliveries: readonly Delivery<Message<Order>>[]): Promise<void> => {
    for (const { message } of deliveries) this.#sum += message.payload.id
    this.#count += deliveries.length
    this.#flow.handled(deliveries.length)
  }

  #add({ id }: Order): void {
    this.#count++
    this.#sum += id
    this.#flow.handled(1)
  }

  reset(): void {
    this.#count = 0
    this.#sum = 0
  }

  /** @throws Error when not exactly the ids from 0 were handled; their sum tells a message that came twice from one that is missing. */
  check(messages: number): void {
    const sum = (messages * (messages - 1)) / 2
    if (this.#count === messages && this.#sum === sum) return
    throw new Error(`${messages} messages with ids of sum ${sum}, handled ${this.#count} with ids of sum ${this.#sum}`)
  }
}
