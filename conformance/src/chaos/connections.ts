import type { Adapter } from '@sluice/core/spi'
import { kafkaConnection } from '../kafka/chaos/kafka-connection.js'
import { rabbitConnection } from '../rabbitmq/chaos/rabbit-connection.js'

/** How a process of the crew makes its adapter, by the name of the adapter, of what the target has said. */
export const connections: Readonly<Record<string, (connection: unknown) => Adapter>> = {
  kafka: kafkaConnection,
  rabbitmq: rabbitConnection,
}
