import { byTopic } from '../partitions.js'
import type { GroupOffset, TopicPartition } from '../port.js'
import {
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
  type Subscription,
} from './consumer-protocol.js'
import { kafkajsRequest, type KafkaRequest, type NodeVersions } from './requests.js'

/** By it a group knows that its members share out in the same way. */
const PROTOCOL = 'sluice'

export interface Coordinator {
  readonly errorCode: number
  readonly host: string
  readonly port: number
}

export function findCoordinator(group: string, versions: NodeVersions): KafkaRequest<Coordinator> {
  const options = { groupId: group }
  const request = kafkajsRequest<CoordinatorAnswer>('GroupCoordinator', versions, options)
  return {
    ...request,
    decode: async (payload) => {
      const { errorCode, coordinator } = await request.decode(payload)
      return { errorCode, host: coordinator.host, port: coordinator.port }
    },
  }
}

interface CoordinatorAnswer {
  readonly errorCode: number
  readonly coordinator: { readonly host: string; readonly port: number }
}

export interface JoinQuestion extends Subscription {
  readonly group: string
  readonly memberId: string
  readonly sessionMs: number
  readonly rebalanceMs: number
}

export interface Joined {
  readonly errorCode: number
  readonly generation: number
  readonly memberId: string
  readonly leaderId: string
  /** For the leader: everybody's. What cannot be read is a member of another kind. */
  readonly members: readonly { readonly memberId: string; readonly subscription: Subscription }[]
}

export function joinGroup(question: JoinQuestion, versions: NodeVersions): KafkaRequest<Joined> {
  const { group, memberId, sessionMs, rebalanceMs } = question
  const request = kafkajsRequest<JoinAnswer>('JoinGroup', versions, {
    groupId: group,
    sessionTimeout: sessionMs,
    rebalanceTimeout: rebalanceMs,
    memberId,
    protocolType: 'consumer',
    groupProtocols: [{ name: PROTOCOL, metadata: writeSubscription(question) }],
  })
  return {
    ...request,
    decode: async (payload) => {
      const { errorCode, generationId, memberId: id, leaderId, members } = await request.decode(payload)
      return {
        ...{ errorCode, generation: generationId, memberId: id, leaderId },
        members: members.map((member) => ({
          memberId: member.memberId,
          subscription: readSubscription(member.memberMetadata),
        })),
      }
    },
  }
}

interface JoinAnswer {
  readonly errorCode: number
  readonly generationId: number
  readonly memberId: string
  readonly leaderId: string
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]
}

/** Which member of which generation speaks. */
export interface Membership {
  readonly group: string
  readonly generation: number
  readonly memberId: string
}

export interface Synced {
  readonly errorCode: number
  readonly assigned: readonly TopicPartition[]
}

/** `shares`: what the leader has dealt out; nobody else's is looked at. */
export function syncGroup(
  { group, generation, memberId }: Membership,
  shares: ReadonlyMap<string, readonly TopicPartition[]>,
  versions: NodeVersions,
): KafkaRequest<Synced> {
  const request = kafkajsRequest<{ readonly errorCode: number; readonly memberAssignment: Buffer | null }>(
    'SyncGroup',
    versions,
    {
      groupId: group,
      generationId: generation,
      memberId,
      groupAssignment: [...shares].map(([id, share]) => ({ memberId: id, memberAssignment: writeAssignment(share) })),
    },
  )
  return {
    ...request,
    decode: async (payload) => {
      const { errorCode, memberAssignment } = await request.decode(payload)
      return { errorCode, assigned: errorCode === 0 ? readAssignment(memberAssignment ?? new Uint8Array(0)) : [] }
    },
  }
}

interface Coded {
  readonly errorCode: number
}

export function heartbeat({ group, generation, memberId }: Membership, versions: NodeVersions): KafkaRequest<Coded> {
  const options = { groupId: group, groupGenerationId: generation, memberId, groupInstanceId: null }
  return kafkajsRequest('Heartbeat', versions, options)
}

export function leaveGroup({ group, memberId }: Membership, versions: NodeVersions): KafkaRequest<Coded> {
  return kafkajsRequest('LeaveGroup', versions, { groupId: group, memberId })
}

export interface CodedPartition extends TopicPartition {
  readonly errorCode: number
}

/** Each partition has an answer of its own: some may be stored where others are refused. */
export function commitOffsets(
  { group, generation, memberId }: Membership,
  offsets: readonly GroupOffset[],
  versions: NodeVersions,
): KafkaRequest<readonly CodedPartition[]> {
  const topics = [...byTopic(offsets)].map(([topic, own]) => ({
    topic,
    partitions: own.map(({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata })),
  }))
  const request = kafkajsRequest<CommitAnswer>('OffsetCommit', versions, {
    ...{ groupId: group, groupGenerationId: generation, memberId, topics },
  })
  return {
    ...request,
    decode: async (payload) => {
      const { responses } = await request.decode(payload)
      return responses.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, errorCode }) => ({ topic, partition, errorCode })),
      )
    },
  }
}

interface CommitAnswer {
  readonly responses: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number }[]
  }[]
}

export interface FetchedOffset extends CodedPartition {
  /** -1: the group has stored nothing there. */
  readonly offset: number
  readonly metadata: string
}

export function fetchOffsets(
  group: string,
  of: readonly TopicPartition[],
  versions: NodeVersions,
): KafkaRequest<{ readonly errorCode: number; readonly offsets: readonly FetchedOffset[] }> {
  const topics = [...byTopic(of)].map(([topic, partitions]) => ({ topic, partitions }))
  const request = kafkajsRequest<OffsetsAnswer>('OffsetFetch', versions, { groupId: group, topics })
  return {
    ...request,
    decode: async (payload) => {
      const { errorCode, responses } = await request.decode(payload)
      const offsets = responses.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, errorCode: code, offset, metadata }) => {
          return { topic, partition, errorCode: code, offset: Number(offset), metadata: metadata ?? '' }
        }),
      )
      return { errorCode, offsets }
    },
  }
}

interface OffsetsAnswer {
  readonly errorCode: number
  readonly responses: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly offset: string
      readonly metadata: string | null
      readonly errorCode: number
    }[]
  }[]
}
