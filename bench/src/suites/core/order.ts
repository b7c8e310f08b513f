import { defineTopic, unchecked, type Topic } from '@sluice/core'
import { z } from 'zod'

/** The payload of `floor.mjs`. */
export interface Order {
  readonly id: number
  readonly customer: string
  readonly amount: number
  readonly items: readonly string[]
}

export type OrderTopic = Topic<Order, Order>

export interface OrderTopicOptions {
  readonly keyed: boolean
  /** zod, when published and when handled. @default false */
  readonly schema?: boolean
  /** @default the broker's, which is 8 with keys */
  readonly partitions?: number
}

/** Orders of so many customers, in turn. */
export const ordersOf =
  (customers: number): ((id: number) => Order) =>
  (id) => ({ id, customer: `c${id % customers}`, amount: 12.5, items: ['a', 'b'] })

const orderSchema: z.ZodType<Order, Order> = z.object({
  id: z.number(),
  customer: z.string(),
  amount: z.number(),
  items: z.array(z.string()),
})

export function defineOrders({ keyed, schema = false, partitions }: OrderTopicOptions): OrderTopic {
  const payload = schema ? orderSchema : unchecked<Order>()
  const count = partitions === undefined ? {} : { partitions }
  return keyed
    ? defineTopic('orders', { schema: payload, key: (order) => order.customer, ...count })
    : defineTopic('orders', { schema: payload, ...count })
}
