import type { GroupRef } from '../spi/sending.js'
import type { Broker } from './broker.js'
import type { Group } from './group.js'
import type { PartitionLog } from './log.js'
import type { Topic } from './topic.js'

/** What an operator, or a broker on its own, does to topics and groups. */
export interface FaultControl {
  /** Moves a partition to the client of this name, as planned. False when it cannot: nobody owns it, or that client is not in the group or owns it. */
  handOver(ref: GroupRef, partition: number, clientName: string, options?: { readonly deadlineMs?: number }): boolean
  /** Every claim with an open delivery is taken away, as after the broker's hold limit. Returns how many. */
  expireHold(ref: GroupRef): number
  /** Retention takes everything before `toOffset`; only a log has it. */
  trim(topic: string, partition: number, toOffset: number): void
  /** Leaves offsets empty, as compaction and transaction markers do; only a log has them. */
  gap(topic: string, partition: number, count: number): void
  addPartitions(topic: string, count: number): void
  /** More partitions are added; fewer make a new topic of the same name with its groups, empty. */
  setPartitions(topic: string, count: number): void
  /** The topic with its groups and everything in them is gone. */
  deleteTopic(topic: string): void
}

const DEFAULT_HAND_OVER_MS = 20_000

export function faults(broker: Broker): FaultControl {
  const changed = (topic: string): void => {
    for (const client of broker.clients) client.routeChanged(topic)
  }
  const remove = (topic: Topic): ReadonlySet<Group> => {
    broker.topics.delete(topic.name)
    const groups = new Set(topic.groups.values())
    for (const group of groups) group.delete()
    return groups
  }
  const gone = (topic: string, groups: ReadonlySet<Group>): void => {
    for (const client of broker.clients) client.topicGone(topic, groups)
  }
  const add = (topic: Topic, count: number): void => {
    topic.addPartitions(count)
    changed(topic.name)
  }

  return {
    handOver: (ref, partition, clientName, { deadlineMs = DEFAULT_HAND_OVER_MS } = {}) =>
      broker.existingGroup(ref).membership.handOver(partition, clientName, deadlineMs),
    expireHold: (ref) => {
      const group = broker.existingGroup(ref)
      const held = group.membership.claims.filter((claim) => claim.open > 0)
      for (const claim of held) group.expire(claim)
      return held.length
    },
    trim: (topic, partition, toOffset) => logOf(broker, topic, partition).trim(toOffset),
    gap: (topic, partition, count) => logOf(broker, topic, partition).skip(count),
    addPartitions: (topic, count) => add(broker.topic(topic), count),
    setPartitions: (name, count) => {
      const topic = broker.topic(name)
      if (count >= topic.partitions) {
        add(topic, count - topic.partitions)
        return
      }
      const groups = remove(topic)
      const fresh = broker.createTopic(name, topic.keyed, count)
      for (const group of groups) fresh.createGroup(group.name, group.exclusive ? 'key' : 'none', 'creation')
      gone(name, groups)
    },
    deleteTopic: (name) => {
      gone(name, remove(broker.topic(name)))
    },
  }
}

function logOf(broker: Broker, topic: string, partition: number): PartitionLog {
  const log = broker.topic(topic).logs[partition]
  if (log !== undefined) return log
  throw new RangeError(`topic "${topic}" of a ${broker.like} has no log for partition ${partition}`)
}
