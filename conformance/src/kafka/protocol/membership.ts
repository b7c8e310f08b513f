import { array, int16, int32, readString, sized, string } from './bytes.js'
import type { KafkaConnection } from './connection.js'

const keys = { join: 11, heartbeat: 12, leave: 13, sync: 14 } as const

/** What the adapter calls its way of sharing out; members with another one are refused. */
const protocol = 'sluice'
const sessionMs = 10_000

/** Who speaks for a group. */
export interface Member {
  readonly group: string
  readonly memberId: string
  readonly generation: number
}

/** What a member says of itself to whoever deals out. */
export interface Claim {
  readonly topics: readonly string[]
  /** Of each of the topics. */
  readonly owned: readonly number[]
}

export interface Joined {
  readonly errorCode: number
  readonly generation: number
  readonly leaderId: string
  readonly memberId: string
}

/** Answered when everybody has asked. */
export async function joinGroup(
  connection: KafkaConnection,
  { group, memberId }: Pick<Member, 'group' | 'memberId'>,
  claim: Claim,
): Promise<Joined> {
  const answer = await connection.ask(keys.join, 2, [
    ...[string(group), int32(sessionMs), int32(sessionMs), string(memberId), string('consumer')],
    array([Buffer.concat([string(protocol), sized(writeClaim(claim))])]),
  ])
  const [, leaderAt] = readString(answer, 10)
  const [leaderId, memberAt] = readString(answer, leaderAt)
  const [own] = readString(answer, memberAt)
  return { errorCode: answer.readInt16BE(4), generation: answer.readInt32BE(6), leaderId, memberId: own }
}

/** Of one that does not lead: it has nothing to deal out. */
export async function syncGroup(
  connection: KafkaConnection,
  { group, generation, memberId }: Member,
): Promise<{ readonly errorCode: number; readonly share: Buffer }> {
  const answer = await connection.ask(keys.sync, 0, [string(group), int32(generation), string(memberId), array([])])
  return { errorCode: answer.readInt16BE(0), share: answer.subarray(6) }
}

/** Error code. */
export async function heartbeat(connection: KafkaConnection, { group, generation, memberId }: Member): Promise<number> {
  const answer = await connection.ask(keys.heartbeat, 0, [string(group), int32(generation), string(memberId)])
  return answer.readInt16BE(0)
}

/** Also in the name of somebody else. Error code. */
export async function leaveGroup(
  connection: KafkaConnection,
  { group, memberId }: Pick<Member, 'group' | 'memberId'>,
): Promise<number> {
  const answer = await connection.ask(keys.leave, 0, [string(group), string(memberId)])
  return answer.readInt16BE(0)
}

function writeClaim({ topics, owned }: Claim): Buffer {
  const held = topics.map((topic) => Buffer.concat([string(topic), array(owned.map(int32))]))
  // Version 1 is the first in which a member says what it holds; between the two stand data of its own, of which there are none.
  return Buffer.concat([int16(1), array(topics.map(string)), int32(-1), array(held)])
}
