import { exponentialBackoff, type GroupSpec, sleep, type TimerHeap, within } from '@sluice/core/spi'
import { assign, topicsOf, type TopicFamily } from './assign.js'
import { toAdapterError } from './errors.js'
import { partitionsOf, unknownTopic } from './family.js'
import { partitionKey } from './wire/partitions.js'
import type { GroupMember, GroupOffset, KafkaCluster, TopicPartition } from './wire/port.js'

export interface StartOptions {
  readonly cluster: KafkaCluster
  readonly timers: TimerHeap
  /** At the broker. */
  readonly groupId: string
  readonly family: TopicFamily
  /** All that the group may have. What of that is there gets a position too: other members may read it. */
  readonly whole: TopicFamily
  readonly from: GroupSpec['from']
}

const backoff = exponentialBackoff({ fromMs: 50, toMs: 1_000 })
const POLL_MS = 20
/** Long enough for a node that is busy; nobody waits for it that has partitions. */
const SESSION_MS = 30_000
const FAREWELL_MS = 5_000

/**
 * Gives each partition of a group that has no position the one at which the group starts. Only whoever leads a generation does it, so that no
 * two processes can: of a later position that is written over an earlier one, what lies between is lost to the group. Once one partition of
 * the source has a position, the group exists, and a partition that has none was added since: it is read from its beginning.
 */
export async function fixStart(options: StartOptions, member: GroupMember, generation: AbortSignal): Promise<void> {
  const { timers } = options
  for (let failures = 0; !generation.aborted; failures += 1) {
    if (failures > 0) await sleep(timers, backoff(failures), generation)
    try {
      const missing = await findStart(options, member)
      // From here to the commit nothing may be awaited: it is stored in the generation of the moment.
      if (generation.aborted || missing.length === 0) return
      const results = await member.commit(missing)
      if (results.every(({ error }) => error === undefined)) return
    } catch {
      // Who coordinates, or leads, is found out by the next try.
    }
  }
}

async function findStart(
  { cluster, family, whole, from }: StartOptions,
  member: GroupMember,
): Promise<readonly GroupOffset[]> {
  const topics = await cluster.metadata(topicsOf(whole))
  // A node that does not know one of them yet would leave it without a position.
  const missingTopic = topicsOf(family).find((name) => !topics.some(({ topic }) => topic === name))
  if (missingTopic !== undefined) throw unknownTopic(missingTopic)
  const committed = await member.committed(partitionsOf(topics))
  const missing = committed.filter(({ offset }) => offset === undefined)
  if (missing.length === 0) return []
  const exists = committed.some(({ topic, offset }) => topic === family.source && offset !== undefined)
  const atEnd = exists || from === 'earliest' ? [] : missing.filter(({ topic }) => topic === family.source)
  const atStart = missing.filter((one) => !atEnd.includes(one))
  const found = await Promise.all([
    atEnd.length === 0 ? [] : cluster.administration.offsets(atEnd, 'end'),
    atStart.length === 0 ? [] : cluster.administration.offsets(atStart, 'start'),
  ])
  return found.flat().map(({ topic, partition, offset = 0 }) => ({ topic, partition, offset, metadata: '' }))
}

/** Those that have no position. */
export async function withoutPosition(
  { cluster, groupId }: Pick<StartOptions, 'cluster' | 'groupId'>,
  partitions: readonly TopicPartition[],
): Promise<readonly TopicPartition[]> {
  const found = await cluster.administration.groupOffsets(groupId, partitions)
  const fixed = new Set(found.filter(({ offset }) => offset !== undefined).map(partitionKey))
  return partitions.filter((one) => !fixed.has(partitionKey(one)))
}

/** Resolves when every partition has a position, whoever gives it. What may pass is waited for. */
export async function untilFixed(
  options: Pick<StartOptions, 'cluster' | 'groupId' | 'timers'>,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      const missing = await within(withoutPosition(options, partitions), signal)
      if (missing.length === 0) return
    } catch (error) {
      if (signal.aborted || !toAdapterError(error).retryable) throw error
    }
    await sleep(options.timers, POLL_MS, signal)
  }
}

/** Makes a group that nobody consumes yet: for a moment as a member of it that wants no partition. */
export async function createGroup(
  options: StartOptions,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<void> {
  const { cluster, groupId, whole } = options
  const failed = new AbortController()
  const member = cluster.join(
    {
      ...{ group: groupId, topics: [], sessionMs: SESSION_MS, rebalanceMs: SESSION_MS },
      assign: (members, count) => assign(whole, members, count),
    },
    {
      assigned: () => undefined,
      revoking: () => Promise.resolve(),
      lost: () => undefined,
      leading: (generation) => void fixStart(options, member, generation),
      failed: (cause) => failed.abort(cause),
    },
  )
  try {
    await untilFixed(options, partitions, AbortSignal.any([signal, failed.signal]))
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error
  } finally {
    await within(member.leave(), AbortSignal.timeout(FAREWELL_MS)).catch(() => undefined)
  }
}
