import { setTimeout as sleep } from 'node:timers/promises'
import type { GroupName } from '@sluice/testing'
import type { KafkaOperator } from './kafka-operator.js'
import { leavingOrder } from './leaving-order.js'
import { Newcomer } from './newcomer.js'

const moveTimeoutMs = 20_000
const lookMs = 50

/** What is to be moved, and where to. */
export interface Move {
  readonly group: GroupName
  readonly partition: number
  /** Name of a client that is a member. */
  readonly to: string
}

/**
 * Moves a partition of a group from one client to another. Nobody has a say in the shares but the members, so for a while there are more of them:
 * one newcomer for each partition claims it before everybody else, the clients let go of what they hold, by plan, and then the newcomers leave,
 * in the order in which the shares come out as wanted.
 */
export async function handOver(operator: KafkaOperator, { group, partition, to }: Move): Promise<void> {
  const { topic } = group
  const name = `${topic}.${group.group}`
  const failure = (why: string): Error => new Error(`cannot move partition ${partition} of ${name} to ${to}: ${why}`)
  const deadline = performance.now() + moveTimeoutMs
  const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await condition())) {
      if (performance.now() > deadline) throw failure(`waited for ${what}`)
      await sleep(lookMs)
    }
  }
  const isShared = async (): Promise<boolean> =>
    (await operator.owners(topic, name)).every((owner) => owner !== undefined)
  await until('every partition to have an owner', isShared)
  if ((await operator.owners(topic, name))[partition] === to) throw failure('it is there')
  const members = await operator.memberIds(name)
  const target = members.find(({ clientId }) => clientId === to)
  const count = await operator.partitions(topic)
  if (target === undefined) throw failure('it is no member')
  if (count < members.length) throw failure(`there are more members than its ${count} partitions`)
  const address = await operator.coordinatorAddress(name)
  const newcomers: Newcomer[] = []
  try {
    for (let own = 0; own < count; own += 1) {
      newcomers.push(await Newcomer.join({ address, group: name, topics: [topic, `${name}.retry`], partition: own }))
    }
    await until('everybody to have let go', () => {
      const lost = newcomers.find((one) => one.failure !== undefined)
      if (lost?.failure !== undefined) throw failure(lost.failure.message)
      return newcomers.every(({ holds }) => holds)
    })
    const occupied = { members: members.map(({ memberId }) => memberId), newcomers: newcomers.map(({ id }) => id) }
    for (const step of leavingOrder(occupied, partition, target.memberId)) {
      await leave(newcomers.filter(({ id }) => step.includes(id)))
      await until('what is free to be taken', isShared)
    }
  } finally {
    await leave(newcomers.filter(({ hasLeft }) => !hasLeft))
  }
  if ((await operator.owners(topic, name))[partition] !== to) throw failure('it went elsewhere')
}

async function leave(newcomers: readonly Newcomer[]): Promise<void> {
  // One that cannot say goodbye is missed when its session is over.
  await Promise.all(newcomers.map((one) => one.leave().catch(() => undefined)))
}
