import { rabbitmq, type RabbitMQOptions } from '@sluice/adapter-rabbitmq'
import type { Adapter } from '@sluice/core/spi'

/** Through the proxies of a target. */
export function rabbitConnection(connection: unknown): Adapter {
  return rabbitmq(connection as RabbitMQOptions)
}
