import type { Adapter, Capabilities } from '@sluice/core/spi'
import type { FaultName, Faults } from './faults.js'

/**
 * What the author of an adapter implements, in one file, to run the kit: how to make the adapter, what may be expected of the broker,
 * what can be broken, and what the broker itself can be asked.
 */
export interface Harness {
  /** Name of the adapter; ids for one broker only (R, K) are matched against it. */
  readonly name: string
  /** Which of several behaviours of one adapter. @default none */
  readonly behaviour?: string
  /** Another adapter that it behaves like: the ids that are about that broker only are asked as well. @default none */
  readonly standsFor?: string
  /** Product and version of the broker. */
  readonly broker: string
  /** What the adapter declares; the kit checks that made adapters say the same. */
  readonly capabilities: Capabilities
  /** A new adapter, not open yet. Each call is another client of the same broker. */
  createAdapter(options: AdapterRequest): Adapter
  readonly limits: HarnessLimits
  readonly timings: HarnessTimings
  /** The time limits of tests are so many times as long: that of a broker that takes seconds to start. @default 1 */
  readonly timeFactor?: number
  /** What can be broken. What is left out skips the tests that need it. */
  readonly faults: Partial<Faults>
  /** Of what is left out, what cannot happen at this broker at all, and why. @default nothing: the harness is not able to do it */
  readonly cannotHappen?: Partial<Readonly<Record<FaultName, string>>>
  /** Whether the broker answers a settlement when it has stored it. @default true */
  readonly confirmsSettlements?: boolean
  /** Whether a client that can open its connections again at once has nothing to tell of a cut. @default false */
  readonly mendsCuts?: boolean
  /** Whether the connections of a client to publish and to consume can be broken apart. @default true */
  readonly hasSides?: boolean
  /** Whether the broker knows what is sent again after a lost answer, and stores it once. @default false */
  readonly knowsRepeats?: boolean
  /** Whether all behind the adapter lives by the clock that it is given, so that time can be simulated. @default false */
  readonly followsClock?: boolean
  /**
   * The same for tests about connections that say nothing: their clients look for signs of life much more often. All others have a
   * measure by which a busy machine accuses nobody. @default the harness itself
   */
  readonly watchful?: Harness
  /** The broker's own view. What is left out is not looked at, or skips the tests that are about it. */
  readonly inspect: Partial<Inspect>
  /** A broker of its own for one test, where that is cheap; tests then run beside each other and may break theirs. */
  fork?(wishes: BrokerWishes): Promise<Harness>
  /**
   * The same broker for a test that runs alone, bearing deliveries no longer than `holdMs`, or the least above it that it can. Closing
   * what it resolves with takes that back. Where there is no `fork`.
   */
  withHoldLimit?(holdMs: number): Promise<Harness>
  /** Removes what a test has made at the broker: its names begin with the prefix. */
  tidy?(prefix: string): Promise<void>
  /** Removes what the kit has created and ends what the harness has started. */
  close(): Promise<void>
}

/** What a test asks of a broker of its own. */
export interface BrokerWishes {
  /** Hold limit of deliveries, in ms. @default the one of `HarnessTimings` */
  readonly holdMs?: number
}

/** Makes a harness; called once per run of the kit. */
export type HarnessFactory = () => Promise<Harness>

export interface AdapterRequest {
  /** Also passed to `createMessaging`; unique in a run. */
  readonly clientName: string
}

export interface HarnessLimits {
  /** Largest message that the broker takes, in bytes; at least a little over 1 MiB. */
  readonly maxMessageBytes: number
  /** Whether a message can have several headers of one name. @default true */
  readonly repeatedHeaders?: boolean
  /** Whether there can be two topics whose names differ only in a dot here and an underscore there. @default true */
  readonly dottedTwins?: boolean
}

/** How long things may take at this broker, in ms. They bound waits; they are not slept. */
export interface HarnessTimings {
  /** From a broken connection until the client knows. */
  readonly detectMs: number
  /** From a healed connection or started broker until clients work again. */
  readonly recoverMs: number
  /** From a planned join or leave until partitions are shared anew. */
  readonly rebalanceMs: number
  /** From a kill until the others have what the dead member held. */
  readonly takeOverMs: number
  /** From the end of a delivery until the broker has stored it. */
  readonly storeMs: number
  /** Between two signs of life of a connection. */
  readonly heartbeatMs: number
  /** How long the broker waits for a member that says nothing before it gives its partitions away. */
  readonly sessionMs: number
  /** Longest time between delivery and settlement that the broker bears; `Infinity` where there is none. */
  readonly holdMs: number
  /** Longest wait for anything that has no bound of its own. */
  readonly patienceMs: number
}

/** Counters and contents of the broker, asked of itself. */
export interface Inspect {
  /** Messages that the group has not settled: waiting and handed out. */
  depth(topic: string, group: string): Promise<number>
  /** Messages that are handed out and not settled. */
  unsettled(topic: string, group: string): Promise<number>
  /** Stored position of the group in a partition, where the broker has one. */
  position(topic: string, group: string, partition: number): Promise<number | undefined>
  /** Ids of what the broker keeps of the topic: a log everything, a queue what a group has not settled. */
  stored(topic: string): Promise<readonly string[]>
  /** Ids among the dead letters of a group, oldest first, copies included. */
  deadLetters(topic: string, group: string): Promise<readonly string[]>
  /** Members of a group. */
  members(topic: string, group: string): Promise<number>
  /** Requests of clients to store something that have reached the broker. */
  sends(): Promise<number>
  /** Which client owns which partition of a group; undefined where nobody does. */
  owners(topic: string, group: string): Promise<readonly (string | undefined)[]>
  /** Everything that clients have registered at the broker or the adapter and not taken back. */
  listeners(): Promise<number>
}
