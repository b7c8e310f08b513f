import { balance } from '@sluice/core/spi'
import { partitionKey } from './wire/partitions.js'
import type { MemberView, TopicPartition } from './wire/port.js'

/** The topics of a group: what it reads, and what is for it alone, partition by partition beside that. */
export interface TopicFamily {
  readonly source: string
  readonly besides: readonly string[]
  /** For it alone as well, and dealt out for themselves: their partitions are no part of those of the source. */
  readonly apart: readonly string[]
}

/** All that it reads, with the topic of the application first. */
export const topicsOf = ({ source, besides, apart }: TopicFamily): readonly string[] => [source, ...besides, ...apart]

/**
 * Who gets what now. Shares of the source differ by at most one and move as little as that allows; the same partition of the topics beside
 * it goes to the same member, because both are one right. What somebody else still holds is given to nobody: its holder hears of it, lets
 * go in its own time, and asks again.
 */
export function assign(
  { source, besides, apart }: TopicFamily,
  members: readonly MemberView[],
  partitionsOf: (topic: string) => number,
): ReadonlyMap<string, readonly TopicPartition[]> {
  const goal = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
  const owners = deal(goal, source, partitionsOf(source), members)
  for (const topic of besides) dealBeside(goal, topic, partitionsOf(topic), members, owners)
  for (const topic of apart) deal(goal, topic, partitionsOf(topic), members)
  const holders = holdersOf(members)
  return new Map(
    [...goal].map(([memberId, share]) => [
      memberId,
      share.filter((one) => mayTake(memberId, holders.get(partitionKey(one)))),
    ]),
  )
}

/** Returns who has which partition. */
function deal(
  goal: Map<string, TopicPartition[]>,
  topic: string,
  partitions: number,
  members: readonly MemberView[],
): ReadonlyMap<number, string> {
  const readers = members.filter(({ topics }) => topics.includes(topic))
  const view = readers.map(({ memberId, owned }) => ({ id: memberId, owned: partitionsIn(owned, topic) }))
  const owners = new Map<number, string>()
  for (const [memberId, share] of balance({ partitions, members: view })) {
    for (const partition of share) {
      owners.set(partition, memberId)
      goal.get(memberId)?.push({ topic, partition })
    }
  }
  return owners
}

/** Partitions whose owner does not read this topic (an older version of the program) go to those who do. */
function dealBeside(
  goal: Map<string, TopicPartition[]>,
  topic: string,
  partitions: number,
  members: readonly MemberView[],
  owners: ReadonlyMap<number, string>,
): void {
  const readers = members.filter(({ topics }) => topics.includes(topic)).map(({ memberId }) => memberId)
  if (readers.length === 0) return
  for (let partition = 0; partition < partitions; partition += 1) {
    const owner = owners.get(partition)
    const to = owner !== undefined && readers.includes(owner) ? owner : (readers[partition % readers.length] as string)
    goal.get(to)?.push({ topic, partition })
  }
}

/** Who says of each partition that it holds it. Where several do, one of them has not heard yet that it was taken away. */
function holdersOf(members: readonly MemberView[]): ReadonlyMap<string, readonly string[]> {
  const holders = new Map<string, string[]>()
  for (const { memberId, owned } of members) {
    for (const one of owned) {
      const key = partitionKey(one)
      const known = holders.get(key)
      if (known === undefined) holders.set(key, [memberId])
      else known.push(memberId)
    }
  }
  return holders
}

function mayTake(memberId: string, holders: readonly string[] = []): boolean {
  return holders.length === 0 || (holders.length === 1 && holders[0] === memberId)
}

const partitionsIn = (owned: readonly TopicPartition[], topic: string): readonly number[] =>
  owned.filter((one) => one.topic === topic).map(({ partition }) => partition)
