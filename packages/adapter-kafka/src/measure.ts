import { adapterError, type GroupMeasure, type GroupRef, within } from '@sluice/core/spi'
import { readCheckpoint } from './checkpoint.js'
import { toAdapterError } from './errors.js'
import { partitionsOf } from './family.js'
import { deadLetterTopicOf, groupIdOf, removedGroupOf, retryTopicOf } from './names.js'
import { partitionKey } from './wire/partitions.js'
import type { KafkaCluster, TopicPartition } from './wire/port.js'

/**
 * How far a group is behind, counted in positions: marks of transactions and gaps of compaction count as messages. What is handed over and not
 * settled is among it, and only its owner knows it apart.
 */
export async function measureGroup(cluster: KafkaCluster, ref: GroupRef, signal: AbortSignal): Promise<GroupMeasure> {
  try {
    return await within(measure(cluster, ref), signal)
  } catch (error) {
    throw toAdapterError(error, { scope: 'group' })
  }
}

async function measure(cluster: KafkaCluster, ref: GroupRef): Promise<GroupMeasure> {
  const { topic } = ref
  const letters = deadLetterTopicOf(ref)
  const known = await cluster.metadata([topic, retryTopicOf(ref), letters])
  if (!known.some((one) => one.topic === topic)) throw unknown(ref)
  const family = partitionsOf(known.filter((one) => one.topic !== letters))
  const left = await leftIn(cluster, groupIdOf(ref), family)
  const source = family.filter((one) => one.topic === topic)
  // Nobody has made it.
  if (source.every((one) => left.get(partitionKey(one)) === undefined)) throw unknown(ref)
  const partitions = source.map(({ partition }) => {
    const parts = family.filter((one) => one.partition === partition)
    return { partition, backlog: sum(parts.map((one) => left.get(partitionKey(one)))) }
  })
  const dead = partitionsOf(known.filter((one) => one.topic === letters)).slice(0, 1)
  const deadLeft = dead.length === 0 ? undefined : await leftIn(cluster, removedGroupOf(ref), dead, 0)
  return {
    backlog: sum(partitions.map(({ backlog }) => backlog)),
    unsettled: undefined,
    oldestMs: undefined,
    deadLetters: deadLeft?.values().next().value,
    partitions,
  }
}

/** Not done, by partition; `undefined` where the group has no position, unless it begins at `otherwise`. */
async function leftIn(
  { administration }: KafkaCluster,
  groupId: string,
  of: readonly TopicPartition[],
  otherwise?: number,
): Promise<ReadonlyMap<string, number | undefined>> {
  const [positions, starts, ends] = await Promise.all([
    administration.groupOffsets(groupId, of),
    administration.offsets(of, 'start'),
    administration.offsets(of, 'end'),
  ])
  const startOf = new Map(starts.map((one) => [partitionKey(one), one.offset ?? 0]))
  const endOf = new Map(ends.map((one) => [partitionKey(one), one.offset ?? 0]))
  return new Map(
    positions.map((one) => {
      const key = partitionKey(one)
      const offset = one.offset ?? otherwise
      if (offset === undefined) return [key, undefined]
      let left = (endOf.get(key) ?? 0) - Math.max(offset, startOf.get(key) ?? 0)
      for (const { first, last } of readCheckpoint(offset, one.metadata)?.ahead ?? []) left -= last - first + 1
      return [key, Math.max(0, left)]
    }),
  )
}

/** Unknown when a part of it is. */
function sum(counts: readonly (number | undefined)[]): number | undefined {
  let total = 0
  for (const count of counts) {
    if (count === undefined) return undefined
    total += count
  }
  return total
}

const unknown = ({ topic, group }: GroupRef): Error =>
  adapterError('UNKNOWN_TOPIC', `group ${topic}.${group} does not exist at the broker`, { scope: 'group' })
