import type { Clock } from '@sluice/core/spi'
import type {
  FetchEvents,
  Fetching,
  FetchLimits,
  GroupMember,
  JoinOptions,
  KafkaCluster,
  KafkaDriver,
  KafkaTarget,
  MemberEvents,
  Producer,
  TopicMetadata,
} from '../port.js'
import { Cluster, serverError } from './cluster.js'
import { Fetcher } from './fetcher.js'
import { IdempotentProducer } from './idempotent-producer.js'
import { judgeGroup } from './group-verdict.js'
import { initProducerId } from './init-producer-id.js'
import { KafkaAdministration } from './kafka-administration.js'
import { KafkaGroupMember } from './kafka-group-member.js'
import { pause } from './pause.js'
import type { ProducerIdentity } from './write-session.js'

/**
 * Kafka by the protocol of kafkajs 2.2.4: its requests, its SASL. Its clients are not used. What they do wrong (a producer that gives the
 * number of a lost batch to the next one, a consumer that goes on without its coordinator, one slow partition that holds up all of a node) is
 * done here instead, beneath the same port.
 */
export const kafkajsDriver: KafkaDriver = {
  async connect(target: KafkaTarget, clock: Clock): Promise<KafkaCluster> {
    const cluster = new Cluster(target, clock)
    try {
      await cluster.refresh([])
      return new KafkajsCluster(cluster, clock)
    } catch (error) {
      cluster.close()
      throw error
    }
  },
}

const IDENTITY_PAUSE_MS = 50

class KafkajsCluster implements KafkaCluster {
  readonly administration: KafkaAdministration
  readonly #cluster: Cluster
  readonly #clock: Clock

  constructor(cluster: Cluster, clock: Clock) {
    this.administration = new KafkaAdministration(cluster, clock)
    this.#cluster = cluster
    this.#clock = clock
  }

  get clusterId(): string {
    return this.#cluster.clusterId
  }

  get nodes(): number {
    return this.#cluster.nodeCount
  }

  async metadata(topics: readonly string[]): Promise<readonly TopicMetadata[]> {
    return (await this.#cluster.refresh(topics)).topics
  }

  async producer(): Promise<Producer> {
    const identify = (): Promise<ProducerIdentity> => this.#identify()
    return new IdempotentProducer(this.#cluster, this.#clock, { identity: await identify(), identify })
  }

  async #identify(): Promise<ProducerIdentity> {
    const untilMs = this.#clock.monotonic() + this.#cluster.requestTimeoutMs
    for (;;) {
      const { errorCode, ...identity } = await this.#cluster.ask(initProducerId)
      if (errorCode === 0) return identity
      // A node that has just started gets its numbers first.
      if (judgeGroup(errorCode) !== 'elsewhere' || this.#clock.monotonic() > untilMs)
        throw serverError(errorCode, 'to be known as a producer')
      this.#cluster.turn()
      await pause(this.#cluster.timers, IDENTITY_PAUSE_MS, this.#cluster.closing)
    }
  }

  join(options: JoinOptions, events: MemberEvents): GroupMember {
    return new KafkaGroupMember(this.#cluster, this.#clock, options, events)
  }

  fetch(limits: FetchLimits, events: FetchEvents): Fetching {
    return new Fetcher(this.#cluster, limits, events)
  }

  close(): void {
    this.#cluster.close()
  }
}
