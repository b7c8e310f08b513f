import { checkClock, checkKeys, checkMs, checkNumber, checkOneOf, show } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import type { Clock } from '../model/clock.js'
import type { Latency } from './latency.js'
import { isLog, memoryLikes, type MemoryLike } from './like.js'

/** How much of one publish stream may be unreported. */
export interface MemoryOutstanding {
  readonly batches: number
  readonly messages: number
  readonly bytes: number
}

/** What a `log` keeps, per partition. */
export interface MemoryRetention {
  /** Past it the oldest go, read or not: a group that had not read them has lost its position. @default 1_000_000 */
  readonly messages?: number | undefined
  /** How many of those that every group has passed stay for `from: 'earliest'`. @default 32 */
  readonly settled?: number | undefined
}

/** Options of {@link createMemoryBroker}. */
export interface MemoryBrokerOptions<L extends MemoryLike = MemoryLike> {
  /** @default 'queue' */
  readonly like?: L | undefined
  /** Shown in errors and findings. @default 'default' */
  readonly name?: string | undefined
  /** Where the broker's time comes from. @default the clock of the first client that opens while there is no topic */
  readonly clock?: Clock | undefined
  /**
   * Largest message that a topic takes, in bytes. Retry copies and dead letters may have 64 KiB more, so that what explains a
   * failure fits beside a message of exactly this size. @default 1_114_112 (1 MiB + 64 KiB); rabbitmq 16_777_216, kafka 1_048_588
   */
  readonly maxMessageBytes?: number | undefined
  /** Partitions of a keyed topic whose definition names none. @default 8 */
  readonly partitions?: number | undefined
  /** Partitions of a topic without keys. @default 1 (queue, rabbitmq), 8 (log, kafka) */
  readonly unkeyedPartitions?: number | undefined
  /** Longest time between delivery and settlement that a claim promises, in ms; the broker takes the claim away at 1.25 times of it. @default 1_440_000 (queue, rabbitmq), Infinity (log, kafka) */
  readonly holdMs?: number | undefined
  /** How long the broker waits for a frozen client before it gives its claims away, in ms. @default 10_000 */
  readonly sessionMs?: number | undefined
  /** A client that hears nothing from the broker for twice this time takes the connection for lost, in ms. @default 3_000 */
  readonly heartbeatMs?: number | undefined
  /** How much later the broker learns that a delivery is done, in ms; at most 250. @default 5 (queue, rabbitmq), 50 (log, kafka) */
  readonly storeDelayMs?: number | undefined
  /** @default 4 batches, 1_024 messages, 8 MiB; rabbitmq 1_024 batches, 2_048 messages, 16 MiB; kafka 1 batch, 10_000 messages, 1 MiB */
  readonly outstanding?: Partial<MemoryOutstanding> | undefined
  /** For tests: lets everything between clients and the broker take its time. @default nothing takes time */
  readonly latencyMs?: Latency | undefined
  /** Only for log and kafka. */
  readonly retention?: MemoryRetention | undefined
}

/** The same with every default filled in. */
export interface BrokerLimits {
  readonly maxMessageBytes: number
  readonly partitions: number
  readonly unkeyedPartitions: number
  readonly holdMs: number
  readonly sessionMs: number
  readonly heartbeatMs: number
  readonly storeDelayMs: number
  readonly outstanding: MemoryOutstanding
  readonly retention: { readonly messages: number; readonly settled: number }
}

/** So that a body of 1 MiB fits with its key and headers. */
const headroomBytes = 65_536

const MIB = 1_048_576
const RABBITMQ_HOLD_MS = 24 * 60_000

const sizes: Readonly<
  Record<MemoryLike, { readonly maxMessageBytes: number; readonly outstanding: MemoryOutstanding }>
> = {
  queue: { maxMessageBytes: MIB + headroomBytes, outstanding: { batches: 4, messages: 1_024, bytes: 8 * MIB } },
  log: { maxMessageBytes: MIB + headroomBytes, outstanding: { batches: 4, messages: 1_024, bytes: 8 * MIB } },
  rabbitmq: { maxMessageBytes: 16 * MIB, outstanding: { batches: 1_024, messages: 2_048, bytes: 16 * MIB } },
  kafka: { maxMessageBytes: MIB + 12, outstanding: { batches: 1, messages: 10_000, bytes: MIB } },
}

/** Names of all {@link MemoryBrokerOptions}. */
export const memoryBrokerOptionNames: readonly (keyof MemoryBrokerOptions)[] = [
  'like',
  'name',
  'clock',
  'maxMessageBytes',
  'partitions',
  'unkeyedPartitions',
  'holdMs',
  'sessionMs',
  'heartbeatMs',
  'storeDelayMs',
  'outstanding',
  'latencyMs',
  'retention',
]

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION */
export function resolveBrokerLimits(like: MemoryLike, options: MemoryBrokerOptions): BrokerLimits {
  check(like, options)
  const log = isLog(like)
  const size = sizes[like]
  return {
    maxMessageBytes: options.maxMessageBytes ?? size.maxMessageBytes,
    partitions: options.partitions ?? 8,
    unkeyedPartitions: options.unkeyedPartitions ?? (log ? 8 : 1),
    holdMs: options.holdMs ?? (log ? Infinity : RABBITMQ_HOLD_MS),
    sessionMs: options.sessionMs ?? 10_000,
    heartbeatMs: options.heartbeatMs ?? 3_000,
    storeDelayMs: options.storeDelayMs ?? (log ? 50 : 5),
    outstanding: {
      batches: options.outstanding?.batches ?? size.outstanding.batches,
      messages: options.outstanding?.messages ?? size.outstanding.messages,
      bytes: options.outstanding?.bytes ?? size.outstanding.bytes,
    },
    retention: {
      messages: options.retention?.messages ?? 1_000_000,
      settled: options.retention?.settled ?? 32,
    },
  }
}

function check(like: MemoryLike, options: MemoryBrokerOptions): void {
  checkOneOf('like', options.like, memoryLikes)
  checkBrokerName('name', options.name)
  checkClock(options.clock)
  const whole = { min: 1, integer: true }
  checkNumber('maxMessageBytes', options.maxMessageBytes, whole)
  checkNumber('partitions', options.partitions, { ...whole, max: 1_024 })
  checkNumber('unkeyedPartitions', options.unkeyedPartitions, { ...whole, max: 1_024 })
  if (options.holdMs !== Infinity) checkMs('holdMs', options.holdMs, 1)
  checkMs('sessionMs', options.sessionMs, 1)
  checkMs('heartbeatMs', options.heartbeatMs, 1)
  checkNumber('storeDelayMs', options.storeDelayMs, { min: 0, max: 250 })
  const { outstanding, retention, latencyMs } = options
  if (latencyMs !== undefined && typeof latencyMs !== 'function') {
    throw new SluiceError('INVALID_OPTION', `latencyMs must be a function, got ${show(latencyMs)}`, {
      field: 'latencyMs',
    })
  }
  if (outstanding !== undefined) {
    checkKeys('outstanding', outstanding, ['batches', 'messages', 'bytes'])
    checkNumber('outstanding.batches', outstanding.batches, whole)
    checkNumber('outstanding.messages', outstanding.messages, whole)
    checkNumber('outstanding.bytes', outstanding.bytes, whole)
  }
  if (retention === undefined) return
  if (!isLog(like)) {
    throw new SluiceError('INVALID_OPTION', `retention is for like "log" and "kafka": a ${like} keeps nothing`, {
      field: 'retention',
    })
  }
  checkKeys('retention', retention, ['messages', 'settled'])
  checkNumber('retention.messages', retention.messages, whole)
  checkNumber('retention.settled', retention.settled, { min: 0, integer: true })
}

/** @throws SluiceError INVALID_OPTION */
export function checkBrokerName(field: string, name: unknown): void {
  if (name === undefined || (typeof name === 'string' && brokerNamePattern.test(name))) return
  const text = `${field} must be 1 to 100 letters, digits, "-", "_" or ".", got ${show(name)}`
  throw new SluiceError('INVALID_OPTION', text, { field })
}

export const brokerNamePattern: RegExp = /^[A-Za-z0-9._-]{1,100}$/
