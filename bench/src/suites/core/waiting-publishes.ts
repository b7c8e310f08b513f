import type { Receipt } from '@sluice/core'
import { megabytes, reachableBytes } from '../../measure/reachable-bytes.js'
import { timed } from '../../measure/timed.js'
import type { Sample } from '../../sample.js'
import type { MeasureTask } from '../../suite.js'
import { ordersOf } from './order.js'
import { openPipeline, type Like } from './pipeline.js'
import { headline } from './pipeline-cases.js'
import { until } from '../../measure/until.js'

/** Publishes into a broker that answers nothing, looks at what that keeps, then lets everything go its way. */
export async function measureWaitingPublishes(like: Like, { messages }: MeasureTask): Promise<Sample> {
  const pipeline = await openPipeline(like, { ...headline, buffer: { waitingBytes: 64 * 1024 * 1024 } })
  const { broker, messaging, topic, subscription } = pipeline
  await pipeline.pass(messages)
  const { acked } = subscription.stats()
  const orderOf = ordersOf(1_000)
  const stored: Promise<Receipt>[] = []

  broker.control.block()
  const before = reachableBytes()
  const publishing = await timed(messages, async () => {
    for (let id = 0; id < messages; id++) stored.push(messaging.publish(topic, orderOf(id)))
  })
  // What publishes do later than in the call is done: the first of them have been handed to the broker, which is silent.
  await until(() => messaging.health().publish === 'blocked')
  const { pendingPublishes } = messaging.health()
  if (pendingPublishes !== messages) throw new Error(`${messages} publishes should wait, ${pendingPublishes} do`)
  const heapGrowthMB = megabytes(reachableBytes() - before)
  const settling = await timed(messages, async () => {
    broker.control.unblock()
    await Promise.all(stored)
    await until(() => subscription.stats().acked === acked + messages)
  })
  await pipeline.close()
  return {
    messagesPerSecond: 1 / (1 / publishing.messagesPerSecond + 1 / settling.messagesPerSecond),
    cpuMicros: publishing.cpuMicros + settling.cpuMicros,
    figures: { heapGrowthMB },
  }
}
