import type { Destination } from '@sluice/core/spi'
import { delayAddress } from './delays.js'
import type { Names } from './names.js'

/** Where a batch goes. */
export interface Address {
  readonly exchange: string
  readonly routingKey: string
}

export interface Naming {
  readonly names: Names
  /** Whether the groups of a topic have a queue for each partition; undefined: not known. */
  readonly isPartitioned: (topic: string) => boolean | undefined
}

/** `undefined`: a delay that is longer than the broker's queues can make it. */
export function addressOf(
  { names, isPartitioned }: Naming,
  destination: Destination,
  partition: number,
): Address | undefined {
  if (destination.to === 'topic') {
    const { topic } = destination
    return { exchange: names.exchange(topic), routingKey: names.routingKey(topic, partition) }
  }
  const { topic, group } = destination.group
  if (destination.to === 'dead-letter') return { exchange: '', routingKey: names.deadLetters(topic, group) }
  const queue = names.queue(topic, group, partition, isPartitioned(topic) ?? false)
  const { delayMs = 0 } = destination
  return delayMs > 0 ? delayAddress(queue, delayMs) : { exchange: '', routingKey: queue }
}
