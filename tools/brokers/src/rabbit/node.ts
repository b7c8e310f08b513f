/** One node of a RabbitMQ cluster. */
export interface RabbitNode {
  /** As Erlang names it: `n1@localhost`. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly tlsPort: number | undefined
  /** With the user guest and the virtual host `/`. */
  readonly url: string
  readonly tlsUrl: string | undefined
  /** Of the broker itself; undefined while it does not run. */
  readonly pid: number | undefined
  readonly state: 'running' | 'paused' | 'stopped'
  /**
   * Starts it again, with what it had stored, on the same port. Resolves when it answers clients; a node of a cluster whose
   * other nodes were stopped after it waits for them, so start those at the same time.
   */
  start(): Promise<void>
  /** Ends it with a farewell to its clients. Does nothing when it does not run. */
  stop(): Promise<void>
  /** Ends it without one (SIGKILL). Does nothing when it does not run. */
  kill(): Promise<void>
  /** It stands still with all its connections open (SIGSTOP) until `resume`. */
  pause(): void
  resume(): void
  /**
   * Has the node evaluate Erlang expressions, separated by commas.
   *
   * @returns the value of the last one, as Erlang prints it
   * @throws BrokerError `FAILED` when an expression fails, `NOT_RUNNING` when the node cannot answer
   */
  evaluate(expressions: string): Promise<string>
  /** As `evaluate`, with the value as JSON gives it: `{obj, [{Key, Value}]}` becomes an object. */
  query(expressions: string): Promise<unknown>
}
