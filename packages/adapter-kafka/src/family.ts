import { adapterError, type AdapterError, type GroupRef, type TimerHeap } from '@sluice/core/spi'
import type { TopicFamily } from './assign.js'
import { retryTopicOf } from './names.js'
import { sleep } from './sleep.js'
import { within } from './within.js'
import type { KafkaCluster, TopicMetadata, TopicPartition } from './wire/port.js'

/** A node that was not there when a topic was made hears of it a little later. */
const LOOK_AGAIN_MS = 50
const LOOKS = 10

/** What a group reads, and all its partitions. */
export interface FamilyView {
  readonly family: TopicFamily
  readonly partitions: readonly TopicPartition[]
}

/**
 * As the cluster has it now. A group of somebody else's making may have no topic of its own; then nothing can be sent to it alone.
 * @throws AdapterError UNKNOWN_TOPIC
 */
export async function findFamily(
  cluster: KafkaCluster,
  group: GroupRef,
  timers: TimerHeap,
  signal: AbortSignal,
): Promise<FamilyView> {
  const source = group.topic
  const retry = retryTopicOf(group)
  let found: readonly TopicMetadata[] = []
  for (let look = 1; found.length < 2 && look <= LOOKS; look += 1) {
    if (look > 1) await sleep(timers, LOOK_AGAIN_MS, signal)
    found = await within(cluster.metadata([source, retry]), signal)
  }
  if (!found.some(({ topic }) => topic === source)) throw unknownTopic(source)
  const besides = found.some(({ topic }) => topic === retry) ? [retry] : []
  return { family: { source, besides }, partitions: partitionsOf(found) }
}

export const partitionsOf = (topics: readonly TopicMetadata[]): readonly TopicPartition[] =>
  topics.flatMap(({ topic, partitions }) => partitions.map(({ partition }) => ({ topic, partition })))

export const unknownTopic = (topic: string): Error & AdapterError =>
  adapterError('UNKNOWN_TOPIC', `topic "${topic}" does not exist at the broker`, { scope: 'topic' })
