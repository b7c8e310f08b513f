import { type AdapterError, adapterError, type GroupRef, sleep, type TimerHeap, within } from '@sluice/core/spi'
import { topicsOf, type TopicFamily } from './assign.js'
import { delayTopicOf, retryTopicOf } from './names.js'
import type { KafkaCluster, TopicMetadata, TopicPartition } from './wire/port.js'

/** A node that was not there when a topic was made hears of it a little later. */
const LOOK_AGAIN_MS = 50
const LOOKS = 10

/** What a group reads, and all its partitions. */
export interface FamilyView {
  readonly family: TopicFamily
  /** All that it may have, there or not: whoever deals out may do so for members that read more. */
  readonly whole: TopicFamily
  readonly partitions: readonly TopicPartition[]
}

/** What a group would read, if all of it is there. Where order matters nothing is delayed at the broker. */
export const wholeFamily = (group: GroupRef, hasDelays: boolean): TopicFamily => ({
  source: group.topic,
  besides: [retryTopicOf(group)],
  apart: hasDelays ? [delayTopicOf(group)] : [],
})

/**
 * As the cluster has it now. A group of somebody else's making may have no topics of its own; then nothing can be sent to it alone. What is
 * there is read, also where it is not asked for: messages may wait there from other times.
 * @throws AdapterError UNKNOWN_TOPIC
 */
export async function findFamily(
  cluster: KafkaCluster,
  { group, hasDelays }: { readonly group: GroupRef; readonly hasDelays: boolean },
  timers: TimerHeap,
  signal: AbortSignal,
): Promise<FamilyView> {
  const whole = wholeFamily(group, true)
  const { source, besides, apart } = whole
  const expected = topicsOf(wholeFamily(group, hasDelays))
  let found: readonly TopicMetadata[] = []
  let known: ReadonlySet<string> = new Set()
  for (let look = 1; look <= LOOKS && !expected.every((topic) => known.has(topic)); look += 1) {
    if (look > 1) await sleep(timers, LOOK_AGAIN_MS, signal)
    found = await within(cluster.metadata(topicsOf(whole)), signal)
    known = new Set(found.map(({ topic }) => topic))
  }
  if (!known.has(source)) throw unknownTopic(source)
  const there = (topics: readonly string[]): readonly string[] => topics.filter((topic) => known.has(topic))
  const family = { source, besides: there(besides), apart: there(apart) }
  return { family, whole, partitions: partitionsOf(found) }
}

export const partitionsOf = (topics: readonly TopicMetadata[]): readonly TopicPartition[] =>
  topics.flatMap(({ topic, partitions }) => partitions.map(({ partition }) => ({ topic, partition })))

export const unknownTopic = (topic: string): Error & AdapterError =>
  adapterError('UNKNOWN_TOPIC', `topic "${topic}" does not exist at the broker`, { scope: 'topic' })
