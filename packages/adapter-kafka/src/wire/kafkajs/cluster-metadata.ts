import type { HostAndPort, TopicMetadata } from '../port.js'
import { kafkajsRequest, type KafkaRequest, type NodeVersions } from './requests.js'

/** What a node knows of its cluster. */
export interface ClusterMetadata {
  readonly clusterId: string
  readonly nodes: ReadonlyMap<number, HostAndPort>
  readonly topics: readonly TopicMetadata[]
  /** Of topics that were asked for and cannot be had, by name. */
  readonly errors: ReadonlyMap<string, number>
}

interface Answer {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly clusterId: string | null
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number
    readonly topic: string
    readonly partitionMetadata: readonly {
      readonly partitionId: number
      readonly leader: number
      readonly replicas: readonly number[]
      readonly isr: readonly number[]
    }[]
  }[]
}

/** No topics, and none to be made. */
const nothing = Buffer.alloc(5)

export function metadataRequest(topics: readonly string[], versions: NodeVersions): KafkaRequest<ClusterMetadata> {
  // To ask for a topic must not make it.
  const request = kafkajsRequest<Answer>('Metadata', versions, { topics, allowAutoTopicCreation: false })
  // kafkajs says all topics where none is meant.
  const encode = topics.length === 0 ? () => nothing : () => request.encode()
  return { ...request, encode, decode: async (payload) => read(await request.decode(payload)) }
}

function read({ brokers, clusterId, topicMetadata }: Answer): ClusterMetadata {
  const topics: TopicMetadata[] = []
  const errors = new Map<string, number>()
  for (const { topicErrorCode, topic, partitionMetadata } of topicMetadata) {
    if (topicErrorCode !== 0) errors.set(topic, topicErrorCode)
    else {
      const partitions = partitionMetadata
        .map(({ partitionId, leader, replicas, isr }) => ({ partition: partitionId, leader, replicas, inSync: isr }))
        .sort((a, b) => a.partition - b.partition)
      topics.push({ topic, partitions })
    }
  }
  return {
    clusterId: clusterId ?? '',
    nodes: new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])),
    topics,
    errors,
  }
}
