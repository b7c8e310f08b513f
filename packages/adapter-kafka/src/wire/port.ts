import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '@sluice/core/spi'
import type { KafkaError } from './kafka-error.js'
import type { FetchedRecord, KafkaRecord } from './records/record.js'

/**
 * What a client of Kafka has to do for the rest of the adapter. Whatever is odd about a client library stays behind it.
 *
 * Rules for every method: what returns a promise rejects with a {@link KafkaError}, and settles when each node that is worth asking has had
 * `requestTimeoutMs`. What returns nothing never throws. No event comes in the call stack of a call.
 */
export interface KafkaDriver {
  /** Resolves when one of the hosts has answered and takes the credentials; nothing is left when it rejects. */
  connect(target: KafkaTarget, clock: Clock): Promise<KafkaCluster>
}

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** How a client shows who it is. */
export interface Credentials {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

export interface KafkaTarget {
  readonly hosts: readonly HostAndPort[]
  /** `undefined`: plain TCP. */
  readonly tls: ConnectionOptions | undefined
  readonly sasl: Credentials | undefined
  /** Shown in the logs of the broker, and in what it says of a group. */
  readonly clientId: string
  /** Until a node has accepted a connection and who asks for it. */
  readonly connectTimeoutMs: number
  /** A request without an answer for so long ends its connection. */
  readonly requestTimeoutMs: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TopicMetadata {
  readonly topic: string
  readonly partitions: readonly PartitionMetadata[]
}

export interface PartitionMetadata {
  readonly partition: number
  /** Node that leads; -1 = none at the moment. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
}

/** Connections that are made when they are needed, and again when they are gone. */
export interface KafkaCluster {
  readonly clusterId: string
  /** How many nodes there are, as far as was heard. */
  readonly nodes: number
  readonly administration: Administration
  /** As the cluster says it now. A topic that does not exist is not among them. */
  metadata(topics: readonly string[]): Promise<readonly TopicMetadata[]>
  producer(): Promise<Producer>
  /** Asks to belong to a group, for ever: what goes wrong is told by the events. */
  join(options: JoinOptions, events: MemberEvents): GroupMember
  fetch(limits: FetchLimits, events: FetchEvents): Fetching
  close(): void
}

/**
 * What became of a batch. `refused`: it is certainly not stored. `uncertain`: it may be, or may be stored before the next batch of its
 * partition, and never behind that. `unwritten`: it never left.
 */
export type ProduceResult =
  | {
      readonly kind: 'stored'
      readonly baseOffset: number | undefined
      /** Wall time of the broker when it stored it, where the topic keeps that time instead of the one of the record. */
      readonly appendedMs: number | undefined
    }
  | { readonly kind: 'refused' | 'uncertain' | 'unwritten'; readonly error: KafkaError }

/** Repeats a batch until it is answered or `timeoutMs` has passed. However often it was written, it is stored once. */
export interface Producer {
  /** At most one call of a partition at a time. Never rejects. */
  send(to: TopicPartition, records: readonly KafkaRecord[], timeoutMs: number): Promise<ProduceResult>
}

/** Records of one partition, in order. */
export interface FetchedRecords {
  readonly records: readonly FetchedRecord[]
  /** Where reading goes on: behind marks and gaps too. */
  readonly next: number
}

/** A member of a group, as whoever assigns sees it. */
export interface MemberView {
  readonly memberId: string
  readonly topics: readonly string[]
  /** What it holds, and lets go of only after it was told to. */
  readonly owned: readonly TopicPartition[]
}

export interface JoinOptions {
  readonly group: string
  readonly topics: readonly string[]
  /** Without a sign of life for so long the member is out, and what it held goes to others. */
  readonly sessionMs: number
  /** So long the others wait for a member that has to ask again. Longer than a session: a member that has ended is waited for so long. */
  readonly rebalanceMs: number
  /** Called by one member for all. It gives to nobody what somebody else still holds. */
  assign(
    members: readonly MemberView[],
    partitionsOf: (topic: string) => number,
  ): ReadonlyMap<string, readonly TopicPartition[]>
}

/** Never called in the call stack of a call. */
export interface MemberEvents {
  /** More than before; what was held before is held on. */
  assigned(partitions: readonly TopicPartition[]): void
  /** To be let go: the member holds it until the promise has resolved, and is alive meanwhile. Never rejects. */
  revoking(partitions: readonly TopicPartition[]): Promise<void>
  /**
   * This member has dealt out the shares of a generation, and what it commits is stored in that one only. The signal aborts when it is over
   * for this member. One at a time of a group is told so.
   */
  leading(generation: AbortSignal): void
  /** Gone already: others may have it. */
  lost(partitions: readonly TopicPartition[], cause: KafkaError): void
  /** It cannot go on without a person: it may not read the group, or the group shares out in another way. */
  failed(cause: KafkaError): void
}

export interface GroupMember {
  /** On the clock of the adapter: until then nobody else can have got what the member holds. */
  readonly aliveUntilMs: number
  /** Where the group has got to. Rejects with a {@link KafkaError} that may pass. */
  committed(of: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
  /** Each is stored for itself; what is not is in the answer with its error. Never stored for a member that is out. */
  commit(offsets: readonly GroupOffset[]): Promise<readonly CommitResult[]>
  /** Asks for everything to be shared out anew: there is more of it. */
  share(): void
  /** Says goodbye, so that others get at once what it held. What it holds has to be let go before. Never rejects. */
  leave(): Promise<void>
}

/** Where a group has got to in a partition. */
export interface GroupOffset extends TopicPartition {
  /** Of the next that it reads. */
  readonly offset: number
  /** At most 4096 bytes, as brokers come. */
  readonly metadata: string
}

export interface CommittedOffset extends TopicPartition {
  /** `undefined`: the group has stored nothing there. */
  readonly offset: number | undefined
  readonly metadata: string
}

export interface CommitResult extends TopicPartition {
  /** `undefined`: it is stored. */
  readonly error: KafkaError | undefined
}

export interface FetchLimits {
  /** The broker answers after this time, also when it has nothing. */
  readonly maxWaitMs: number
  /** Of all partitions, and of each; the first batch comes in any case. */
  readonly maxBytes: number
  readonly maxPartitionBytes: number
}

export interface FetchEvents {
  /** In order; `next` is where reading goes on, also when there is nothing to be handed over. */
  records(at: TopicPartition, fetched: FetchedRecords): void
  /** What was to be read next is gone, or was never there. The partition stands until {@link Fetching.seek}. */
  positionLost(at: TopicPartition, wanted: number): void
  /** What stands there is no record, or packed in a way that is not known. The partition stands until {@link Fetching.seek}. */
  unreadable(at: TopicPartition, offset: number, cause: Error): void
  /** It may not be read. The partition stands. */
  refused(at: TopicPartition, cause: KafkaError): void
}

/** Reads partitions, each from where it is told to, for as long as it is told to. What it cannot reach it tries again for ever. */
export interface Fetching {
  add(at: TopicPartition, offset: number): void
  /** Nothing more of it is handed over. */
  remove(at: TopicPartition): void
  seek(at: TopicPartition, offset: number): void
  pause(at: TopicPartition): void
  resume(at: TopicPartition): void
  close(): void
}

/** A topic to be made. */
export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  /** How many nodes hold each partition. */
  readonly replicas: number
  readonly configs: Readonly<Record<string, string>>
}

/** `outcome` of a topic that was to be made: an `exists` is not looked into. */
export interface TopicOutcome {
  readonly topic: string
  readonly outcome: 'created' | 'exists' | 'refused'
  /** Why it was refused. */
  readonly error: KafkaError | undefined
}

/** Settings in effect, wherever they come from; `undefined`: they may not be read. */
export interface ConfigsOf {
  readonly kind: 'topic' | 'node'
  readonly name: string
  readonly configs: Readonly<Record<string, string>> | undefined
}

/** What is asked of a cluster beside reading and writing. */
export interface Administration {
  /** Each topic for itself. That it is made does not mean that every node knows it already. */
  createTopics(topics: readonly NewTopic[]): Promise<readonly TopicOutcome[]>
  /** More partitions of a topic; `count` is how many it has then. Rejects with what the broker says. */
  addPartitions(topic: string, count: number): Promise<void>
  /** Takes what lies before an offset out of a partition, for everybody and for good. Rejects with what the broker says of the first that it refuses. */
  deleteRecords(before: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>
  configs(
    of: readonly { readonly kind: 'topic' | 'node'; readonly name: string; readonly names: readonly string[] }[],
  ): Promise<readonly ConfigsOf[]>
  /** Where a group has got to, whoever asks. */
  groupOffsets(group: string, of: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
  /** First offset that is there, the one behind the last that consumers may see, or the first with that time or a later one (`undefined`: none). */
  offsets(
    of: readonly TopicPartition[],
    where: 'start' | 'end' | { readonly sinceMs: number },
  ): Promise<readonly FoundOffset[]>
}

export interface FoundOffset extends TopicPartition {
  readonly offset: number | undefined
}
