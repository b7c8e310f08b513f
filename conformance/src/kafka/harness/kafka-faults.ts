import type { Kafka } from '@sluice/brokers'
import type { Faults } from '@sluice/testing'

/** Those faults of the kit that a private cluster can have as it stands. */
export function kafkaFaults({ nodes }: Kafka): Partial<Faults> {
  const startAll = async (): Promise<void> => {
    await Promise.all(nodes.filter(({ state }) => state === 'stopped').map((node) => node.start()))
  }
  return {
    async stopBroker() {
      await Promise.all(nodes.map((node) => node.kill()))
      return startAll
    },
    ...(nodes.length === 1
      ? {}
      : {
          stopNodes: async (count: 1 | 2) => {
            await Promise.all(nodes.slice(0, count).map((node) => node.kill()))
            return startAll
          },
        }),
  }
}
