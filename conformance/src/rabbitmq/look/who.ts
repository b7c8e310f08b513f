import type { ConsumerView, Rabbit } from '@sluice/brokers'
import { groupPattern } from './group-look.js'

/** A consumer of a group, with the client behind it. */
export interface GroupConsumer extends ConsumerView {
  readonly client: string | undefined
}

/** The consumers of a group's queues, those that wait for their turn included. */
export async function groupConsumers(rabbit: Rabbit, topic: string, group: string): Promise<readonly GroupConsumer[]> {
  const isOfGroup = new RegExp(groupPattern(topic, group))
  const [consumers, connections] = await Promise.all([rabbit.consumers(), rabbit.connections()])
  const clients = new Map<string, string | undefined>()
  for (const { clientName, channels } of connections) {
    for (const { pid } of channels) clients.set(pid, clientOf(clientName))
  }
  return consumers
    .filter(({ queue }) => isOfGroup.test(queue))
    .map((consumer) => ({ ...consumer, client: clients.get(consumer.channel) }))
}

/** The client behind a connection: each side has its own. */
function clientOf(connectionName: string | undefined): string | undefined {
  return connectionName?.replace(/ (publish|consume)$/, '')
}
