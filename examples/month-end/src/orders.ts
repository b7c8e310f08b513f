import { setTimeout as sleep } from 'node:timers/promises'
import type { Checks } from './checks.js'
import { createFlow, type Flow } from './flow.js'
import { startInstance, type Instance } from './instance.js'
import { showProgress } from './progress.js'
import { createSequence, type Sequence } from './sequence.js'
import { grouped } from './text.js'
import { orderEvents, type OrderEvent } from './topics.js'

interface Service {
  readonly group: string
  readonly concurrency: number
  /** How long one event takes, in ms. */
  readonly fromMs: number
  readonly toMs: number
}

/** None of them knows of the others, and the shop knows of none. */
const services: readonly Service[] = [
  { group: 'stock', concurrency: 50, fromMs: 1, toMs: 5 },
  { group: 'billing', concurrency: 50, fromMs: 2, toMs: 8 },
  { group: 'notification', concurrency: 200, fromMs: 20, toMs: 40 },
]

/** Publishes all steps of all orders at once; three groups handle them at their own pace. */
export async function handleOrders(events: readonly OrderEvent[], checks: Checks): Promise<void> {
  const groups = services.map((service) => ({
    service,
    flow: createFlow(service.group, events.length),
    sequence: createSequence(),
  }))
  const flows = groups.map(({ flow }) => flow)
  const instances: Instance[] = []
  for (const { service, flow, sequence } of groups) instances.push(await startService(service, flow, sequence))
  await using shop = await startInstance()

  const progress = showProgress(flows)
  const publish = async (event: OrderEvent): Promise<void> => {
    await shop.messaging.publish(orderEvents, event)
    for (const flow of flows) flow.addPublished(1)
  }
  await Promise.all(events.map(publish))
  await Promise.all(flows.map((flow) => flow.finished(20_000)))
  progress.stop()
  for (const instance of instances) await instance.close()

  for (const { service, flow, sequence } of groups) {
    checks.equal(`order events handled by ${service.group}`, events.length, flow.done)
    checks.equal(`… out of order within an order`, 0, sequence.outOfOrder)
    checks.add('… most orders in work at once', 'more than 1', grouped(sequence.mostAtOnce), sequence.mostAtOnce > 1)
  }
}

async function startService(service: Service, flow: Flow, sequence: Sequence): Promise<Instance> {
  const { group, concurrency, fromMs, toMs } = service
  const instance = await startInstance()
  await instance.messaging.subscribe(orderEvents, { group, concurrency }, async ({ payload: event }) => {
    sequence.begin(event)
    await sleep(fromMs + (Number(event.orderId) % (toMs - fromMs + 1)))
    sequence.end(event)
    flow.addDone(1)
  })
  return instance
}
