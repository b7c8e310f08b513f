import type { GroupSpec, TimerHeap, TopologyItem } from '@sluice/core/spi'
import type { TopicFamily } from './assign.js'
import { deadLetterTopicOf, groupIdOf, retryTopicOf } from './names.js'
import { createGroup, withoutPosition } from './start-positions.js'
import { within } from './within.js'
import type { ClusterTopology } from './topology.js'
import type { KafkaCluster, TopicPartition } from './wire/port.js'

export interface GroupRequest {
  readonly topology: Pick<ClusterTopology, 'partitionsOf' | 'create'>
  readonly cluster: KafkaCluster
  readonly timers: TimerHeap
  readonly topic: string
  /** That the topic has. */
  readonly partitions: number
  readonly group: GroupSpec
}

/** What is for one group alone stays until it is done, however old it is: it carries the time of the message that it is a copy of. */
const kept: Readonly<Record<string, string>> = { 'retention.ms': '-1', 'retention.bytes': '-1' }

/** A group is its own topics and its position in each partition; what is missing is made where that is asked for. */
export async function standOfGroup(
  { topology, cluster, timers, topic, partitions, group }: GroupRequest,
  declare: boolean,
  signal: AbortSignal,
): Promise<TopologyItem> {
  const ref = { topic, group: group.name }
  const entity = `group ${groupIdOf(ref)}`
  const missing: string[] = []
  const own = [
    { topic: retryTopicOf(ref), partitions },
    { topic: deadLetterTopicOf(ref), partitions: 1 },
  ]
  for (const one of own) {
    let found = await topology.partitionsOf(one.topic, signal)
    if (found === undefined) {
      missing.push(`topic ${one.topic}`)
      if (!declare) continue
      await topology.create({ ...one, configs: kept }, signal)
      found = await topology.partitionsOf(one.topic, signal)
    }
    // A message for the group alone lies in the partition of its number, also in one that was added to the topic.
    if (found !== undefined && found < one.partitions && declare) {
      await within(cluster.administration.addPartitions(one.topic, one.partitions), signal)
    } else if (found !== undefined && found < one.partitions) {
      const wanted = `topic ${one.topic} with ${one.partitions} partitions`
      return { entity, state: 'differs', wanted, found: `${found}` }
    }
  }
  const retry = retryTopicOf(ref)
  const family: TopicFamily = { source: topic, besides: missing.includes(`topic ${retry}`) && !declare ? [] : [retry] }
  const all = [topic, ...family.besides].flatMap((name) =>
    Array.from({ length: partitions }, (_, partition): TopicPartition => ({ topic: name, partition })),
  )
  const groupId = groupIdOf(ref)
  const without = await within(withoutPosition({ cluster, groupId }, all), signal)
  // One that was added to an existing group later is no gap: it is read from its beginning.
  if (without.filter((one) => one.topic === topic).length === partitions) missing.push('its start')
  if (declare && without.length > 0)
    await createGroup({ cluster, timers, groupId, family, from: group.from }, all, signal)
  const wanted = `order ${group.order}`
  if (missing.length === 0) return { entity, state: 'present', wanted }
  return declare
    ? { entity, state: 'created', wanted }
    : { entity, state: 'missing', wanted: `${wanted}, with ${missing.join(', ')}` }
}
