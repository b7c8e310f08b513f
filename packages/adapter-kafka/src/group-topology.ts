import { type GroupSpec, type TimerHeap, type TopologyItem, within } from '@sluice/core/spi'
import { topicsOf, type TopicFamily } from './assign.js'
import { delayLevels } from './delay-levels.js'
import { wholeFamily } from './family.js'
import { deadLetterTopicOf, groupIdOf } from './names.js'
import { createGroup, withoutPosition } from './start-positions.js'
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
const kept: Readonly<Record<string, string>> = {
  ...{ 'retention.ms': '-1', 'retention.bytes': '-1' },
  // Of what is done the broker frees whole files only.
  'segment.bytes': String(64 * 1024 * 1024),
}
const timeSetting = 'message.timestamp.type'
const brokerTime = 'LogAppendTime'
/** How long something has waited is told by the clock of the broker. */
const waiting: Readonly<Record<string, string>> = { ...kept, [timeSetting]: brokerTime }

interface OwnTopic {
  readonly topic: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

/** A group is its own topics and its position in each partition; what is missing is made where that is asked for. */
export async function standOfGroup(
  request: GroupRequest,
  declare: boolean,
  signal: AbortSignal,
): Promise<TopologyItem> {
  const { cluster, timers, topic, partitions, group } = request
  const ref = { topic, group: group.name }
  const entity = `group ${groupIdOf(ref)}`
  const whole = wholeFamily(ref, group.durableDelays)
  const own: readonly OwnTopic[] = [
    ...whole.besides.map((name) => ({ topic: name, partitions, configs: kept })),
    ...whole.apart.map((name) => ({ topic: name, partitions: delayLevels, configs: waiting })),
    { topic: deadLetterTopicOf(ref), partitions: 1, configs: kept },
  ]
  const absent = new Set<string>()
  for (const one of own) {
    const { state, differs } = await standOfTopic(request, one, declare, signal)
    if (state === 'missing') absent.add(one.topic)
    if (differs !== undefined) return { entity, state: 'differs', ...differs }
  }
  const missing = [...absent].map((name) => `topic ${name}`)
  const there = (names: readonly string[]): readonly string[] => names.filter((name) => declare || !absent.has(name))
  const family: TopicFamily = { source: topic, besides: there(whole.besides), apart: there(whole.apart) }
  const count = new Map(own.map((one) => [one.topic, one.partitions]))
  const all = topicsOf(family).flatMap((name) =>
    Array.from({ length: count.get(name) ?? partitions }, (_, partition): TopicPartition => ({
      topic: name,
      partition,
    })),
  )
  const groupId = groupIdOf(ref)
  const without = await within(withoutPosition({ cluster, groupId }, all), signal)
  // One that was added to an existing group later is no gap: it is read from its beginning.
  if (without.filter((one) => one.topic === topic).length === partitions) missing.push('its start')
  const start = { cluster, timers, groupId, family, whole: wholeFamily(ref, true), from: group.from }
  if (declare && without.length > 0) await createGroup(start, all, signal)
  const wanted = `order ${group.order}`
  if (missing.length === 0) return { entity, state: 'present', wanted }
  return declare
    ? { entity, state: 'created', wanted }
    : { entity, state: 'missing', wanted: `${wanted}, with ${missing.join(', ')}` }
}

interface TopicStanding {
  /** `missing`: it was, and has been made where that is asked for. */
  readonly state: 'present' | 'missing'
  readonly differs?: { readonly wanted: string; readonly found: string } | undefined
}

async function standOfTopic(
  { topology, cluster }: GroupRequest,
  own: OwnTopic,
  declare: boolean,
  signal: AbortSignal,
): Promise<TopicStanding> {
  const { topic, partitions, configs } = own
  const before = await topology.partitionsOf(topic, signal)
  const state = before === undefined ? 'missing' : 'present'
  if (before === undefined) {
    if (!declare) return { state }
    await topology.create(own, signal)
  }
  // Whoever was quicker may have made it otherwise.
  const found = before ?? (await topology.partitionsOf(topic, signal)) ?? partitions
  // A message for the group alone lies in the partition of its number, also in one that was added to the topic.
  if (found < partitions) {
    if (!declare)
      return { state, differs: { wanted: `topic ${topic} with ${partitions} partitions`, found: `${found}` } }
    await within(cluster.administration.addPartitions(topic, partitions), signal)
  }
  const wantedTime = configs[timeSetting]
  if (wantedTime === undefined) return { state }
  const asked = [{ kind: 'topic', name: topic, names: [timeSetting] }] as const
  const [settings] = await within(cluster.administration.configs(asked), signal)
  const foundTime = settings?.configs?.[timeSetting] ?? wantedTime
  if (foundTime === wantedTime) return { state }
  return { state, differs: { wanted: `topic ${topic} with ${timeSetting} ${wantedTime}`, found: foundTime } }
}
