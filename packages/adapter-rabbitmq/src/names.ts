import { deadLetterName, groupName } from '@sluice/core/spi'

/** Existing names of a broker, by topic. What is not named has the name that Sluice derives. */
export type ExistingNames = Readonly<Record<string, ExistingTopic>>

export interface ExistingTopic {
  /** @default the name of the topic */
  readonly exchange?: string | undefined
  /** Of every publish, instead of the number of the partition; the topic then has one partition. @default none */
  readonly routingKey?: string | undefined
  /** Existing groups, by name. */
  readonly groups?: Readonly<Record<string, ExistingGroup>> | undefined
}

export interface ExistingGroup {
  /** The one queue of the group, classic or quorum, whatever it is bound to; the group then has one partition. */
  readonly queue: string
  /** The queue has a single active consumer (`x-single-active-consumer`), so that keys can keep their order. @default false */
  readonly exclusive?: boolean | undefined
  /** @default the name that Sluice derives */
  readonly deadLetterQueue?: string | undefined
}

/** Every name that Sluice uses at the broker, in one place. A colon stands where no topic or group can have one, so no two can be alike. */
export interface Names {
  exchange(topic: string): string
  /** Of a publish to a partition of a topic. */
  routingKey(topic: string, partition: number): string
  /** `undefined` where the topic and all of it is Sluice's own. */
  existing(topic: string): ExistingTopic | undefined
  existingGroup(topic: string, group: string): ExistingGroup | undefined
  /** Its arguments say how many partitions the topic has. */
  partitionMarker(topic: string): string
  /** Exclusive while somebody makes the topic or groups of it. */
  provisionLock(topic: string): string
  /** Queue of one partition of a group; of a group without partitions, 0 is the only one. */
  queue(topic: string, group: string, partition: number, partitioned: boolean): string
  deadLetters(topic: string, group: string): string
  /** Exclusive while somebody has the dead letters open. */
  deadLetterLock(topic: string, group: string): string
  /** Starts of messages that may have ended their process. */
  guard(topic: string, group: string): string
  guardLock(topic: string, group: string): string
  /** Routing key under which the processes of a group hear each other. */
  membership(topic: string, group: string): string
}

/** Where processes announce what they own. */
export const membersExchange = 'sluice.members'

/** What is delayed by `2^level` ticks waits here. */
export const delayName = (level: number): string => `sluice.delay.${level}`
/** Where what has waited goes on to its queue. */
export const delayedExchange = 'sluice.delayed'
/** Where what has waited goes when its queue is gone. */
export const undeliveredName = 'sluice.undelivered'

export function createNames(given: ExistingNames): Names {
  const existing = (topic: string): ExistingTopic | undefined =>
    Object.hasOwn(given, topic) ? given[topic] : undefined
  const existingGroup = (topic: string, group: string): ExistingGroup | undefined => {
    const groups = existing(topic)?.groups
    return groups !== undefined && Object.hasOwn(groups, group) ? groups[group] : undefined
  }
  const deadLetters = (topic: string, group: string): string =>
    existingGroup(topic, group)?.deadLetterQueue ?? deadLetterName(topic, group)
  return {
    existing,
    existingGroup,
    exchange: (topic) => existing(topic)?.exchange ?? topic,
    routingKey: (topic, partition) => existing(topic)?.routingKey ?? String(partition),
    partitionMarker: (topic) => `${topic}:partitions`,
    provisionLock: (topic) => `${topic}:lock`,
    queue: (topic, group, partition, partitioned) =>
      existingGroup(topic, group)?.queue ??
      (partitioned ? `${groupName(topic, group)}:${partition}` : groupName(topic, group)),
    deadLetters,
    deadLetterLock: (topic, group) => `${deadLetters(topic, group)}:lock`,
    guard: (topic, group) => `${groupName(topic, group)}:guard`,
    guardLock: (topic, group) => `${groupName(topic, group)}:guard:lock`,
    membership: (topic, group) => groupName(topic, group),
  }
}
