/**
 * What the memory adapter behaves like. `queue`: every group has queues of its own and settles message by message. `log`:
 * partitions are append-only and a group keeps positions. `rabbitmq` and `kafka` are the same two with the capabilities
 * and limits of these adapters, so that a program that passes on them asks for nothing its broker refuses.
 */
export type MemoryLike = 'queue' | 'log' | 'rabbitmq' | 'kafka'

/** Those that keep messages in a log. */
export type LogLike = 'log' | 'kafka'

export const memoryLikes: readonly MemoryLike[] = ['queue', 'log', 'rabbitmq', 'kafka']

export const isLog = (like: MemoryLike): boolean => like === 'log' || like === 'kafka'
