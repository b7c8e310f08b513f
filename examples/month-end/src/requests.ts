import { setTimeout as sleep } from 'node:timers/promises'
import type { Checks } from './checks.js'
import type { Database } from './database.js'
import { createFlow } from './flow.js'
import { startInstance } from './instance.js'
import { percentile } from './measure.js'
import { inMs } from './text.js'
import { confirmations, type Order } from './topics.js'

const clients = 4

/** The same requests twice: the customer waits for the slow notification, or the request publishes and is done. */
export async function compareRequests(database: Database, orders: readonly Order[], checks: Checks): Promise<void> {
  const half = Math.floor(orders.length / 2)
  const sent = createFlow('confirmations', orders.length - half)
  await using notification = await startInstance()
  await using shop = await startInstance()
  await notification.messaging.subscribe(confirmations, { group: 'notification', concurrency: 50 }, async (message) => {
    await sendMail(message.payload)
    sent.addDone(1)
  })

  const inside = await request(database, orders.slice(0, half), sendMail)
  report('sent inside the request', inside)
  const published = await request(database, orders.slice(half), (order) => shop.messaging.publish(confirmations, order))
  report('published instead', published)
  await sent.finished(10_000)

  const [slow, fast] = [percentile(inside, 0.5), percentile(published, 0.5)]
  checks.add('request, median, notification published', `under ${inMs(slow)}`, inMs(fast), fast < slow)
  checks.equal('notifications sent for those requests', sent.total, sent.done)
}

/** Some clients at once, each with one request after the other. Returns how long each request took, in ms. */
async function request(
  database: Database,
  orders: readonly Order[],
  notify: (order: Order) => Promise<unknown>,
): Promise<readonly number[]> {
  const tookMs: number[] = []
  // All clients take from the same iterator, so each order is placed once.
  const open = orders.values()
  const client = async (): Promise<void> => {
    for (const order of open) {
      const began = performance.now()
      await database.insertOrder(order)
      await notify(order)
      tookMs.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return tookMs
}

/** Stands for a mail server: 20 to 40 ms for each mail. */
const sendMail = (order: Order): Promise<void> => sleep(20 + (order.cents % 21))

const report = (what: string, tookMs: readonly number[]): void =>
  console.log(`  ${what.padEnd(24)} p50 ${inMs(percentile(tookMs, 0.5))}, p99 ${inMs(percentile(tookMs, 0.99))}`)
