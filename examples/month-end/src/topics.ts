import { defineTopic } from '@sluice/core'
import { z } from 'zod'

export const Coupon = z.object({
  code: z.string().length(8),
  customer: z.string(),
  cents: z.int().positive(),
})
export type Coupon = z.infer<typeof Coupon>

const Status = z.enum([
  'placed',
  'paid',
  'declined',
  'packed',
  'shipped',
  'delivered',
  'cancelled',
  'refunded',
  'returned',
])

export const Order = z.object({
  id: z.string(),
  customer: z.string(),
  cents: z.int().positive(),
  steps: z.array(Status).min(3).max(6),
})
export type Order = z.infer<typeof Order>

export const OrderEvent = z.object({
  orderId: z.string(),
  /** 1 for the first step of the order, 2 for the next, … */
  step: z.int().positive(),
  status: Status,
})
export type OrderEvent = z.infer<typeof OrderEvent>

// A real team would have plain names. Here every run has its own, so that a broker that keeps messages can be used again.
const run = Date.now().toString(36)

/** `groups` exist before the first publish: no message is sent past a service that starts later. */
export const coupons = defineTopic(`month-end.coupons.${run}`, { schema: Coupon, groups: ['ledger'] })

/** The key keeps the steps of one order in sequence; other orders go on beside it. */
export const orderEvents = defineTopic(`month-end.order-events.${run}`, {
  schema: OrderEvent,
  key: (event) => event.orderId,
  groups: ['stock', 'billing', 'notification'],
})

export const confirmations = defineTopic(`month-end.confirmations.${run}`, { schema: Order, groups: ['notification'] })
