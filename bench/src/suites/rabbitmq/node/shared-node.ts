import type { Rabbit } from '@sluice/brokers'
import type { Surroundings } from '../../../surroundings.js'
import { withChannel } from './admin-channel.js'
import { nodeRequests, type NodeControl, type NodeTraffic } from './node-control.js'

/** Starts a private node that all subjects use. @throws BrokerError when RabbitMQ is not installed or does not start */
export async function openSharedNode(): Promise<Surroundings> {
  const { startRabbit } = await import('@sluice/brokers')
  const rabbit = await startRabbit()
  const control = controlOf(rabbit)
  const { node } = rabbit
  return {
    facts: () => ({ url: rabbit.url, port: String(node.port), pid: String(node.pid) }),
    answer: async (request, args) => {
      const name = nodeRequests.find((one) => one === request)
      if (name === undefined) throw new Error(`the node of the bench cannot do ${request}`)
      return (control[name] as (...given: readonly unknown[]) => Promise<unknown>)(...args)
    },
    tidy: () => restore(rabbit),
    close: () => rabbit.close(),
  }
}

function controlOf(rabbit: Rabbit): NodeControl {
  const { node, url } = rabbit
  return {
    declareQueue: (name, type) =>
      withChannel(url, async (channel) => {
        await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': type } })
        await channel.assertExchange(name, 'direct', { durable: true })
        await channel.bindQueue(name, name, name)
      }),
    deleteQueue: (name) =>
      withChannel(url, async (channel) => {
        await channel.deleteQueue(name)
        await channel.deleteExchange(name)
      }),
    depthOf: async (name) => {
      const queue = await rabbit.queue(name)
      if (queue === undefined) throw new Error(`there is no queue ${name}`)
      return { ready: queue.ready ?? 0, unacked: queue.unacked ?? 0 }
    },
    traffic: async () => (await rabbit.query(trafficExpression)) as NodeTraffic,
    memoryAlarm: (on) => rabbit.memoryAlarm(on),
    freeze: async () => node.pause(),
    thaw: async () => node.resume(),
    stop: () => node.stop(),
    start: () => node.start(),
  }
}

/** Whatever a subject has left behind, or broken. */
async function restore(rabbit: Rabbit): Promise<void> {
  const { node, url } = rabbit
  if (node.state === 'paused') node.resume()
  if (node.state === 'stopped') await node.start()
  else await rabbit.memoryAlarm(false)
  const [queues, exchanges] = await Promise.all([rabbit.queues(), rabbit.exchanges()])
  await withChannel(url, async (channel) => {
    for (const { name } of queues) await channel.deleteQueue(name)
    for (const { name } of exchanges) await channel.deleteExchange(name)
  })
}

/** Counters of the node since it started, over all protocols and types of queues. */
const trafficExpression = `
  Counters = maps:values(rabbit_global_counters:overview()),
  Sum = fun(Name) -> lists:sum([maps:get(Name, One, 0) || One <- Counters]) end,
  {obj, [{<<"published">>, Sum(messages_received_total)}, {<<"delivered">>, Sum(messages_delivered_total)}]}`
