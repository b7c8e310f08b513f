import type { KafkaNode } from './node.js'

/** A Kafka cluster of its own, of one node or three. Topics are made by whoever needs them: it creates none by itself. */
export interface Kafka {
  readonly nodes: readonly KafkaNode[]
  /** The first of them. */
  readonly node: KafkaNode
  /** `kafka://host:port` with all nodes, separated by commas. */
  readonly url: string
  /** `host:port` of every node, as clients want them. */
  readonly bootstrap: readonly string[]
  /** The same of the listeners with TLS and with SASL; empty without them. */
  readonly tlsBootstrap: readonly string[]
  readonly saslBootstrap: readonly string[]
  /** The authority that its certificates come from, as PEM. */
  readonly ca: string | undefined
  /** The file that it is in. */
  readonly caFile: string | undefined
  /** Undefined when it is not ours. */
  readonly version: string | undefined
  /** Holds everything of it, with the logs of its nodes; undefined when it is not ours. */
  readonly folder: string | undefined
  /** Whether it is ours: false when it came from an address, and then all controls are refused with `NO_CONTROL`. */
  readonly controllable: boolean
  /** Ends everything and removes the folder. Also when this process ends, in whatever way. */
  close(): Promise<void>
}
