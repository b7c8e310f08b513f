import type { TopicPartition } from './port.js'

/** One text for each partition. */
export const partitionKey = ({ topic, partition }: TopicPartition): string => `${partition} ${topic}`

/** In the order in which the topics come first. */
export function byTopic<T extends { readonly topic: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const topics = new Map<string, T[]>()
  for (const item of items) {
    const own = topics.get(item.topic)
    if (own === undefined) topics.set(item.topic, [item])
    else own.push(item)
  }
  return topics
}
