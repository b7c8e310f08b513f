import type { Rabbit } from '@sluice/brokers'
import type { Inspect } from '@sluice/testing'
import { deadLetterPattern, idsIn, lookAtGroup, topicPattern } from '../look/group-look.js'
import { groupConsumers } from '../look/who.js'

/** The broker's own view, asked of the broker itself and of nothing that the adapter has made. A queue has no positions. */
export function rabbitInspect(rabbit: Rabbit): Partial<Inspect> {
  return {
    async depth(topic, group) {
      const { waiting, handedOut } = await lookAtGroup(rabbit, topic, group)
      return waiting + handedOut
    },
    unsettled: async (topic, group) => (await lookAtGroup(rabbit, topic, group)).handedOut,
    stored: async (topic) => [...new Set(await idsIn(rabbit, topicPattern(topic)))],
    deadLetters: (topic, group) => idsIn(rabbit, deadLetterPattern(topic, group)),
    async members(topic, group) {
      return new Set((await groupConsumers(rabbit, topic, group)).map(({ client }) => client)).size
    },
    async owners(topic, group) {
      const name = `${topic}.${group}`
      const queues = (await rabbit.queues()).map((queue) => queue.name)
      const partitions = queues.filter(
        (queue) => queue.startsWith(`${name}:`) && /^\d+$/.test(queue.slice(name.length + 1)),
      )
      const consumers = await groupConsumers(rabbit, topic, group)
      const ownerOf = (queue: string): string | undefined =>
        consumers.find((consumer) => consumer.queue === queue && consumer.active)?.client
      if (partitions.length === 0) return [ownerOf(name)]
      return partitions.map((_, partition) => ownerOf(`${name}:${partition}`))
    },
    async listeners() {
      const connections = await rabbit.connections()
      const channels = connections.flatMap((connection) => connection.channels)
      return connections.length + channels.length + channels.reduce((sum, { consumers }) => sum + consumers, 0)
    },
  }
}
