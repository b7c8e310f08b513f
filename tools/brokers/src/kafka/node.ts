/** One node of a Kafka cluster: broker and controller in one process. */
export interface KafkaNode {
  /** Its number in the cluster, from 1. */
  readonly id: number
  readonly host: string
  /** Of the listener without TLS and SASL; that of the proxy where one is advertised. */
  readonly port: number
  readonly tlsPort: number | undefined
  readonly saslPort: number | undefined
  /** Undefined while it does not run. */
  readonly pid: number | undefined
  readonly state: 'running' | 'paused' | 'stopped'
  /**
   * Starts it again, with what it had stored, on the same port. Resolves when it answers clients and is part of the cluster; one of three
   * needs another one for that, so start those at the same time. After a kill it takes as long as the controller bears silence: 1.5 s for
   * one node, 4 s for one of three.
   */
  start(): Promise<void>
  /** Ends it in good order: what it leads is led elsewhere first. Does nothing when it does not run. */
  stop(): Promise<void>
  /** Ends it without (SIGKILL). Does nothing when it does not run. */
  kill(): Promise<void>
  /** It stands still with all its connections open (SIGSTOP) until `resume`. */
  pause(): void
  resume(): void
}
