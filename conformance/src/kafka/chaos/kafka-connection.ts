import { kafka, type KafkaOptions } from '@sluice/adapter-kafka'
import type { Adapter } from '@sluice/core/spi'

/** Through the proxies of a target. */
export function kafkaConnection(connection: unknown): Adapter {
  return kafka(connection as KafkaOptions)
}
