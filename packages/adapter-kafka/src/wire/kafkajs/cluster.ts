import { setMaxListeners } from 'node:events'
import { createTimerHeap, type Clock, type TimerHeap } from '@sluice/core/spi'
import { errorName } from '../error-codes.js'
import { KafkaError } from '../kafka-error.js'
import type { HostAndPort, KafkaTarget, PartitionMetadata } from '../port.js'
import { metadataRequest, type ClusterMetadata } from './cluster-metadata.js'
import type { NodeConnection } from './node-connection.js'
import { Nodes, type Purpose } from './nodes.js'
import type { KafkaRequest, NodeVersions } from './requests.js'

/** Where the partitions of a cluster are led, as far as it was asked, and connections to its nodes. */
export class Cluster {
  readonly #target: KafkaTarget
  readonly #nodes: Nodes
  readonly #timers: TimerHeap
  #addresses: ReadonlyMap<number, HostAndPort> = new Map()
  readonly #topics = new Map<string, readonly PartitionMetadata[]>()
  /** Which of the known addresses is asked first: the one that has answered last. */
  #first = 0
  readonly #refreshing = new Map<string, Promise<ClusterMetadata>>()
  readonly #closing = new AbortController()
  #clusterId = ''

  constructor(target: KafkaTarget, clock: Clock) {
    this.#target = target
    this.#timers = createTimerHeap(clock)
    this.#nodes = new Nodes(target, this.#timers)
    // Every member of a group and every batch that waits listens to it.
    setMaxListeners(0, this.#closing.signal)
  }

  get clusterId(): string {
    return this.#clusterId
  }

  get nodeCount(): number {
    return this.#addresses.size
  }

  get timers(): TimerHeap {
    return this.#timers
  }

  /** Aborts when nothing is asked any more. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  get requestTimeoutMs(): number {
    return this.#target.requestTimeoutMs
  }

  /** Node that leads the partition, as far as is known; `undefined`: {@link refresh} may tell. */
  leader({ topic, partition }: { readonly topic: string; readonly partition: number }): HostAndPort | undefined {
    const leader = this.#topics.get(topic)?.[partition]?.leader ?? -1
    return this.#addresses.get(leader)
  }

  /** What is known of the leaders of a topic is no longer so. */
  forget(topic: string): void {
    this.#topics.delete(topic)
  }

  address(node: number): HostAndPort | undefined {
    return this.#addresses.get(node)
  }

  /** Asks for these topics; who asks for the same meanwhile gets the same answer. */
  refresh(topics: readonly string[]): Promise<ClusterMetadata> {
    const key = [...topics].sort().join('\n')
    let refreshing = this.#refreshing.get(key)
    if (refreshing === undefined) {
      refreshing = this.#refresh(topics).finally(() => this.#refreshing.delete(key))
      this.#refreshing.set(key, refreshing)
    }
    return refreshing
  }

  async #refresh(topics: readonly string[]): Promise<ClusterMetadata> {
    const metadata = await this.ask((versions) => metadataRequest(topics, versions))
    this.#clusterId = metadata.clusterId
    if (metadata.nodes.size > 0) this.#addresses = metadata.nodes
    for (const { topic, partitions } of metadata.topics) this.#topics.set(topic, partitions)
    for (const topic of metadata.errors.keys()) this.#topics.delete(topic)
    return metadata
  }

  /** Asks any node that answers. */
  async ask<T>(make: (versions: NodeVersions) => KafkaRequest<T>): Promise<T> {
    const hosts = this.#hosts
    const first = this.#first
    let last: unknown
    for (let turn = 0; turn < hosts.length; turn += 1) {
      const index = (first + turn) % hosts.length
      try {
        const answer = await this.askNode(hosts[index] as HostAndPort, 'ask', make)
        this.#first = index
        return answer
      } catch (error) {
        // Another node would say the same.
        if (error instanceof KafkaError && (error.kind === 'credentials' || error.kind === 'closed')) throw error
        last = error
      }
    }
    throw last
  }

  /** The node that has answered cannot do it at the moment: another one is asked first. */
  turn(): void {
    this.#first += 1
  }

  async askNode<T>(
    at: HostAndPort,
    purpose: Purpose,
    make: (versions: NodeVersions) => KafkaRequest<T>,
    timeoutMs: number = this.#target.requestTimeoutMs,
  ): Promise<T> {
    const { connection, versions } = await this.#nodes.use(at, purpose)
    return connection.request(make(versions), timeoutMs)
  }

  async connection(at: HostAndPort, purpose: Purpose): Promise<NodeConnection> {
    return (await this.#nodes.use(at, purpose)).connection
  }

  /** Ends the connections that were made for it alone. */
  release(purpose: Purpose): void {
    this.#nodes.release(purpose)
  }

  close(): void {
    this.#closing.abort()
    this.#nodes.close()
    this.#timers.clear()
  }

  /** What the cluster says of itself, and what it was reached by, in case that is all wrong by now. */
  get #hosts(): readonly HostAndPort[] {
    const hosts = [...this.#addresses.values(), ...this.#target.hosts]
    return [...new Map(hosts.map((host) => [`${host.host}:${host.port}`, host])).values()]
  }
}

export const serverError = (code: number, what: string): KafkaError =>
  new KafkaError(`${what}: ${errorName(code)}`, { kind: 'server', code })
