import type { Clock } from '../model/clock.js'
import type { Logger } from '../model/logger.js'
import type { AdapterError } from './adapter-error.js'
import type { Capabilities } from './capabilities.js'
import type { Consumer, ConsumeRequest, ConsumeSink } from './consuming.js'
import type { DeadLetterBox } from './dead-letter-box.js'
import type { GroupRef, Route, SendBatch } from './sending.js'
import type { Finding, GroupMeasure, ProvisionMode, Topology, TopologyReport } from './topology.js'

/**
 * What a broker must offer to core.
 *
 * Core encodes, picks the partition, keeps publish order and resends, runs lanes, concurrency, retries, dead letters and drain, and
 * holds every policy and every deadline. The adapter moves bytes, owns connections and their recovery, tells the truth about what it
 * knows, and never decides what happens to a message.
 *
 * Three rules hold for every method:
 * 1. What is synchronous never throws, never blocks and never calls back into core in the same call stack.
 * 2. What returns a promise settles within the deadline or signal it was given, also while the broker is silent.
 * 3. After close() everything rejects with CLOSED; close() itself may be called at any time, any number of times.
 */
export interface Adapter<C extends Capabilities = Capabilities> {
  readonly spi: 1
  readonly name: string
  readonly capabilities: C

  /** Connects. Rejects at once on a fatal error (credentials, TLS, vhost), tries again on a passing one until `signal` aborts. After it has resolved once, nothing but close() ends the adapter: it recovers for ever and says so through `context.state`. */
  open(context: AdapterContext, signal: AbortSignal): Promise<void>

  /** The broker's truth about a topic. Core caches it until `context.routeChanged(topic)`. Missing topic: rejects UNKNOWN_TOPIC. */
  route(topic: string, signal: AbortSignal): Promise<Route>

  /** `plan` and `verify` change nothing; `declare` creates what is missing and never alters, narrows or deletes. A difference is reported (wanted, found), not repaired. */
  provision(topology: Topology, mode: ProvisionMode, signal: AbortSignal): Promise<TopologyReport>

  /** Hands envelopes to the broker. See SendBatch. Never called for one stream beyond `Route.outstanding`. */
  send(batch: SendBatch): void

  /** Starts consuming. Resolves when the group exists at the broker and its start position is fixed, not when partitions are claimed. */
  consume(request: ConsumeRequest, sink: ConsumeSink, signal: AbortSignal): Promise<Consumer>

  /** Reads and removes dead letters without disturbing them. At most one open box per group over all processes; a second rejects BUSY. */
  deadLetters(group: GroupRef, signal: AbortSignal): Promise<DeadLetterBox>

  /** What the broker has and this group has not settled. */
  measure(group: GroupRef, signal: AbortSignal): Promise<GroupMeasure>

  /** The broker's durability settings, for start-up checks. What may not be read is reported as `unknown`, never as good. */
  inspect(topology: Topology, signal: AbortSignal): Promise<readonly Finding[]>

  /** Everything is settled and flushed by core before. Releases sockets and timers, within the signal. */
  close(signal: AbortSignal): Promise<void>
}

export type Side = 'publish' | 'consume'
export type SideState = 'ready' | 'blocked' | 'lost' | 'connecting'

export interface AdapterContext {
  readonly clientName: string
  readonly clock: Clock
  readonly log: Logger
  /** Both sides are reported apart: a broker may block publishing and go on delivering. Core gates on it; health and events are made of it. */
  state(side: Side, state: SideState, cause?: AdapterError): void
  /** Partition count, limits or existence changed under way. */
  routeChanged(topic: string): void
}
