import { readFile } from 'node:fs/promises'
import { dataFile } from './data-folder.js'
import { Coupon, Order, type OrderEvent } from './topics.js'

export async function readCoupons(): Promise<readonly Coupon[]> {
  const rows = await readRows('coupons.csv')
  return rows.map(([code, customer, cents]) => Coupon.parse({ code, customer, cents: Number(cents) }))
}

export async function readOrders(): Promise<readonly Order[]> {
  const rows = await readRows('orders.csv')
  return rows.map(([id, customer, cents, steps]) =>
    Order.parse({ id, customer, cents: Number(cents), steps: steps?.split(' ') }),
  )
}

/** All steps of all orders as they happen in a shop: an order moves on while others come in. */
export function toEvents(orders: readonly Order[]): readonly OrderEvent[] {
  return orders
    .flatMap((order, index) =>
      order.steps.map((status, at) => ({ when: index + 40 * at, event: { orderId: order.id, step: at + 1, status } })),
    )
    .toSorted((a, b) => a.when - b.when)
    .map(({ event }) => event)
}

/** The cells of a file without its heading. */
async function readRows(name: string): Promise<readonly string[][]> {
  const text = await readFile(dataFile(name), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
}
