import { setImmediate as turn } from 'node:timers/promises'
import type { Messaging, Receipt } from '@sluice/core'
import type { Flow } from '../../measure/flow.js'
import type { Order, OrderTopic } from './order.js'

export interface PublishTask {
  readonly messaging: Messaging
  readonly topic: OrderTopic
  readonly flow: Flow
  readonly orderOf: (id: number) => Order
  readonly messages: number
}

/** As many publishes in one go as the loop of `floor.mjs` has. */
const groupSize = 256

/** The ways to publish many messages, with ids from 0. */
export const publishing = { awaited, batch, unawaited }

/** `publish` for each, awaited by the group: the promise of each message is part of the cost. */
async function awaited({ messaging, topic, flow, orderOf, messages }: PublishTask): Promise<void> {
  for (let next = 0; next < messages;) {
    const end = Math.min(next + groupSize, messages)
    const stored: Promise<Receipt>[] = []
    flow.published(end - next)
    while (next < end) stored.push(messaging.publish(topic, orderOf(next++)))
    await Promise.all(stored)
    await flow.room()
  }
}

/** One `publishBatch` for a group. */
async function batch({ messaging, topic, flow, orderOf, messages }: PublishTask): Promise<void> {
  for (let next = 0; next < messages;) {
    const end = Math.min(next + groupSize, messages)
    const entries: { readonly payload: Order }[] = []
    flow.published(end - next)
    while (next < end) entries.push({ payload: orderOf(next++) })
    await messaging.publishBatch(topic, entries)
    await flow.room()
  }
}

/** `publish` for each, and nobody looks at the promise: a rejection would end the process. */
async function unawaited({ messaging, topic, flow, orderOf, messages }: PublishTask): Promise<void> {
  for (let next = 0; next < messages;) {
    const end = Math.min(next + groupSize, messages)
    flow.published(end - next)
    while (next < end) void messaging.publish(topic, orderOf(next++))
    await turn()
    await flow.room()
  }
}
