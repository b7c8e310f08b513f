/** Ends a fault that lasts: the broker is started again, the connection heals. Calling it twice does nothing. */
export type Undo = () => Promise<void>

/** One side of a client's connections; both when it is left out. */
export type FaultSide = 'publish' | 'consume'

/** A group of a topic. */
export interface GroupName {
  readonly topic: string
  readonly group: string
}

/**
 * What a harness can break. Each resolves when the broker or the wire is in the new state, not when the client has noticed. Clients are
 * named by the `clientName` that `createAdapter` got; where a harness can break only more than that client, it does. A real broker stands behind a TCP proxy, one listener per client, and a process
 * control; a harness leaves out what it cannot do, and the tests that need it are skipped with that reason.
 */
export interface Faults {
  /** Drops the connections of a client without a farewell. It may connect again at once. */
  cut(client: string, side?: FaultSide): Promise<void>
  /**
   * The broker takes from a client what it holds of its groups, as after too long a silence. The client lives, hears of it and may come back
   * at once. Left out where that is what a cut of its consuming side does.
   */
  expel(client: string): Promise<void>
  /** Drops the connections and lets no new one through until it is undone. */
  disconnect(client: string, side?: FaultSide): Promise<Undo>
  /** The broker closes every channel of a client with an error, where there are channels; its connections stay. */
  closeChannels(client: string, side?: FaultSide): Promise<void>
  /** Nothing passes in either direction while the connections stay open: a black hole. */
  silence(client: string, side?: FaultSide): Promise<Undo>
  /** The process of the client ends without warning: it never speaks again, and the broker sees it gone. */
  kill(client: string): Promise<void>
  /** The process of the client is stopped and later goes on where it was (SIGSTOP, SIGCONT); meanwhile its session ends at the broker. */
  freeze(client: string): Promise<Undo>
  /** The broker dies without a farewell and comes back, when undone, with everything that it had stored. */
  stopBroker(): Promise<Undo>
  /**
   * So many nodes of the broker die without a farewell, those first that lead what clients use, and come back when undone. Where there
   * are several nodes; all of them is `stopBroker`.
   */
  stopNodes(count: 1 | 2): Promise<Undo>
  /** The node that keeps the positions of a group dies without a farewell, and comes back when undone. Where there are several. */
  stopCoordinator(group: GroupName): Promise<Undo>
  /** The broker takes no publishes and says so (memory alarm); deliveries go on. */
  block(): Promise<Undo>
  /** Every send takes that much longer until the broker has stored it; the answers come after. */
  slowSends(delayMs: number): Promise<Undo>
  /** Decides the fate of sends, see {@link SendFault}. The undo ends a rule that has not been used up. */
  failSends(rule: SendFault): Promise<Undo>
  /** Moves a partition of a group to a client that is a member, by plan. Rejects when the partition cannot move there. */
  handOver(group: GroupName, partition: number, to: string): Promise<void>
  /** The broker takes back every claim of a group with an open delivery, as after its hold limit. */
  expireHold(group: GroupName): Promise<void>
  /** The broker denies the credentials of everybody who connects from now on. */
  deny(): Promise<Undo>
  /** Adds partitions to a topic. */
  addPartitions(topic: string, partitions: number): Promise<void>
  /** Retention: removes the oldest messages of every partition of a topic, whether they were consumed or not. */
  trim(topic: string, messages: number): Promise<void>
  /** Leaves positions empty in every partition, as compaction and transactions do. */
  gap(topic: string, positions: number): Promise<void>
  /** The topic has fewer copies in sync than it has to: the broker stores nothing more in it. */
  lackReplicas(topic: string): Promise<Undo>
  /** From here on what comes to the topic is kept as a producer with that codec would have written it. */
  compress(topic: string, codec: Codec): Promise<void>
  /** What the broker hands out of the message with this id has a wrong bit. */
  corrupt(id: string): Promise<Undo>
  /** Somebody deletes the topic with its groups and everything in them. */
  deleteTopic(topic: string): Promise<void>
}

/** With which producers compress batches. */
export const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof codecs)[number]

export type FaultName = keyof Faults

export const faultNames: readonly FaultName[] = [
  'cut',
  'expel',
  'disconnect',
  'closeChannels',
  'silence',
  'kill',
  'freeze',
  'stopBroker',
  'stopNodes',
  'stopCoordinator',
  'block',
  'slowSends',
  'failSends',
  'handOver',
  'expireHold',
  'deny',
  'addPartitions',
  'trim',
  'gap',
  'lackReplicas',
  'compress',
  'corrupt',
  'deleteTopic',
]

/** A rule for single messages on their way to the broker. */
export interface SendFault {
  /**
   * `answer-lost`: the broker stores the message and the client never learns. `lost`: it is lost on its way and the client never
   * learns. In both the client has to treat it as uncertain. `refused`: the broker refuses it, it is in no group.
   */
  readonly outcome: 'answer-lost' | 'lost' | 'refused'
  /**
   * Whether only the message is hit and the ones behind it in its stream are stored (a negative answer in mid-pipeline), or, as with a
   * broken connection, everything behind it is lost until it is sent again. Refusals always hit one message. @default false
   */
  readonly inMiddle?: boolean
  /** Whose sends. @default every client's */
  readonly client?: string
  /** @default 'topic' */
  readonly to?: 'topic' | 'group' | 'dead-letter'
  readonly topic?: string
  /** Only these messages, each of them `times` times. @default every message that fits the rest */
  readonly ids?: readonly string[]
  /** How many fitting sends pass first. @default 0 */
  readonly skip?: number
  /** How many sends it hits, resends included; with `ids`, of each of them. @default 1 */
  readonly times?: number
}
