import type { RedisReply } from './reply.js'

export interface RedisOptions {
  /** Whether it keeps what it has over a restart. @default false */
  readonly appendonly?: boolean
  /** When it writes that to disk. @default 'always' */
  readonly appendfsync?: 'always' | 'everysec' | 'no'
  /** More lines for redis.conf. @default none */
  readonly conf?: string
  /** Take the Redis of SLUICE_REDIS_URL instead, when that is set. It can only be used by its address. @default false */
  readonly orAddress?: boolean
}

/** A Redis server of its own. */
export interface Redis {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Undefined while it does not run. */
  readonly pid: number | undefined
  readonly state: 'running' | 'paused' | 'stopped'
  /** Holds everything of it; undefined when it is not ours. */
  readonly folder: string | undefined
  /** Whether it is ours: false when it came from an address, and then everything below is refused with `NO_CONTROL`. */
  readonly controllable: boolean
  /** Starts it again on the same port and folder. Resolves when it has loaded what it kept. */
  start(): Promise<void>
  /** Ends it in good order. Does nothing when it does not run. */
  stop(): Promise<void>
  /** Ends it without warning (SIGKILL). Does nothing when it does not run. */
  kill(): Promise<void>
  /** It stands still with all its connections open (SIGSTOP) until `resume`. */
  pause(): void
  resume(): void
  /** Sets a parameter while it runs: `configSet('maxmemory', '1mb')`. Lasts until it ends. */
  configSet(name: string, value: string): Promise<void>
  /** Any command, on a connection of its own. @throws BrokerError `FAILED` with the error that Redis answers */
  command(...words: readonly string[]): Promise<RedisReply>
  /** Ends it and removes the folder. Also when this process ends, in whatever way. */
  close(): Promise<void>
}
