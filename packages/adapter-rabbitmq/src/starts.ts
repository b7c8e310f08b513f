import { createHash } from 'node:crypto'
import { isAdapterError, type Clock, type GroupRef } from '@sluice/core/spi'
import { ConfirmedPublisher } from './confirmed-publisher.js'
import type { StartsOfGroup } from './consume.js'
import { toAdapterError } from './errors.js'
import type { ExclusiveLock, ExclusiveLocks } from './exclusive-locks.js'
import { HeldQueue } from './held-queue.js'
import type { Link } from './link.js'
import type { Names } from './names.js'
import { throughLosses } from './through-losses.js'
import type { QueueOptions, WireDelivery } from './wire/port.js'

export interface StartsOptions {
  readonly consumeLink: Link
  /** The broker may stop to read what publishes, so nothing is published on the other one. */
  readonly publishLink: Link
  readonly locks: ExclusiveLocks
  readonly names: Names
  readonly clock: Clock
}

/** What a message is known by in the records of its group. */
export interface Suspect {
  readonly id: string | undefined
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  readonly timestampMs: number | undefined
}

interface StartRecord {
  readonly tag: number
  readonly identity: string
  readonly starts: number
}

/** What nobody will ask for again is left behind by processes that died: the oldest go. */
const MOST_RECORDS = 1_000
/** After so many records that were taken back here, those that say nothing any more are removed. */
const TIDY_AFTER = 100
const TIDY_MS = 10_000
const FAREWELL_MS = 5_000
/** Lost connections, and a queue that somebody is just creating: it takes nothing until it has a leader. */
const passing: ReadonlySet<string> = new Set(['DISCONNECTED', 'REFUSED'])

const guardOptions: QueueOptions = {
  durable: true,
  arguments: {
    'x-queue-type': 'quorum',
    'x-delivery-limit': 2_147_483_647,
    'x-max-length': MOST_RECORDS,
  },
}

/**
 * How often the handlers of suspect messages were started without coming to an end, kept at the broker: in a small queue of each group that
 * is read like a log. To record a start is to append one small message, and so is to take it back, because each of a thousand suspects in a
 * row waits for it. Who reads has the queue for itself meanwhile, and lets go of it at once: what a process that lives keeps unsettled, the
 * next one would not see.
 */
export class Starts {
  readonly #options: StartsOptions
  readonly #publisher: ConfirmedPublisher
  /** Taken back here since the queue was last tidied, by queue. */
  readonly #takenBack = new Map<string, number>()

  constructor(options: StartsOptions) {
    this.#options = options
    this.#publisher = new ConfirmedPublisher(options.publishLink, options.clock)
  }

  /** By {@link startIdentity}. What says nothing any more is removed on the way. */
  async load(group: GroupRef, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const look = (): Promise<StartLog | undefined> =>
      this.#hold(group, signal, async (held, records) => {
        const log = readLog(records)
        if (log.obsolete.length > 0) await held.acknowledge(log.obsolete, signal)
        return log
      })
    const log = await this.#throughLosses(signal, look)
    return log?.starts ?? new Map()
  }

  /** Resolves when it would survive the end of this process; 0 takes the record back. */
  async store(group: GroupRef, identity: string, starts: number, signal: AbortSignal): Promise<void> {
    await this.#throughLosses(signal, () => this.#append(group, write(identity, starts), starts > 0, signal))
    if (starts === 0) this.#tidySoon(group)
  }

  async #append(group: GroupRef, content: Uint8Array, create: boolean, signal: AbortSignal): Promise<void> {
    const { names } = this.#options
    const queue = names.guard(group.topic, group.group)
    const to = { exchange: '', routingKey: queue }
    try {
      await this.#publisher.publish(to, content, signal)
    } catch (error) {
      if (!isAdapterError(error) || error.code !== 'UNROUTABLE') throw error
      // Without a queue nothing was ever recorded that could be taken back.
      if (!create) return
      await this.#create(group, signal)
      await this.#publisher.publish(to, content, signal)
    }
  }

  /**
   * Nobody may read it before it is there: a consumer of a quorum queue that is just being made ends its whole connection, with every claim
   * (RabbitMQ 3.10, INTERNAL_ERROR). So whoever makes it holds the lock of those who read.
   */
  async #create({ topic, group }: GroupRef, signal: AbortSignal): Promise<void> {
    const { consumeLink, locks, names } = this.#options
    const lock = await locks.take(names.guardLock(topic, group), signal)
    try {
      const queue = names.guard(topic, group)
      await consumeLink.onChannel((channel) => channel.declareQueue(queue, guardOptions), signal)
    } finally {
      await lock.release(AbortSignal.timeout(FAREWELL_MS))
    }
  }

  #tidySoon(group: GroupRef): void {
    const queue = this.#options.names.guard(group.topic, group.group)
    const count = (this.#takenBack.get(queue) ?? 0) + 1
    this.#takenBack.set(queue, count % TIDY_AFTER)
    // Whoever reads next tidies as well, so it may fail.
    if (count === TIDY_AFTER) this.load(group, AbortSignal.timeout(TIDY_MS)).catch(() => undefined)
  }

  /** For a consumer of one group. */
  ofGroup(group: GroupRef, timeoutMs: number): StartsOfGroup {
    return {
      recall: async (suspects) => {
        const starts = await this.load(group, AbortSignal.timeout(timeoutMs))
        for (const suspect of suspects) suspect.starts = starts.get(startIdentity(suspect)) ?? 0
      },
      record: (suspect, starts) => this.store(group, startIdentity(suspect), starts, AbortSignal.timeout(timeoutMs)),
    }
  }

  /** To write a record twice leaves one of them. */
  #throughLosses<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    return throughLosses({ clock: this.#options.clock, signal, passing }, run)
  }

  /** `undefined`: the group has no records, and no queue for them. */
  async #hold<T>(
    { topic, group }: GroupRef,
    signal: AbortSignal,
    use: (held: HeldQueue, records: readonly StartRecord[]) => Promise<T>,
  ): Promise<T | undefined> {
    const { locks, names } = this.#options
    const queue = names.guard(topic, group)
    const lock = await locks.take(names.guardLock(topic, group), signal)
    try {
      return await this.#read(queue, lock, signal, use)
    } catch (error) {
      if (isAdapterError(error) && error.code === 'UNKNOWN_TOPIC') return undefined
      throw toAdapterError(error, { scope: 'group' })
    } finally {
      await lock.release(AbortSignal.timeout(FAREWELL_MS))
    }
  }

  async #read<T>(
    queue: string,
    { session }: ExclusiveLock,
    signal: AbortSignal,
    use: (held: HeldQueue, records: readonly StartRecord[]) => Promise<T>,
  ): Promise<T> {
    const records: StartRecord[] = []
    const delivered = (delivery: WireDelivery): void => {
      const record = read(delivery)
      if (record !== undefined) records.push(record)
    }
    const { clock } = this.#options
    const held = await HeldQueue.open({ session, clock, queue, delivered }, signal)
    try {
      // What comes later was recorded by those who live, and they are not waited for.
      await held.all(signal)
      return await use(held, [...records])
    } finally {
      await held.release(AbortSignal.timeout(FAREWELL_MS))
    }
  }
}

interface StartLog {
  readonly starts: ReadonlyMap<string, number>
  /** Tags of the records without which it would say the same, oldest first. */
  readonly obsolete: readonly number[]
}

/** Oldest first. A start that was written twice counts once, and the larger number counts; 0 takes back what stands before it. */
function readLog(records: readonly StartRecord[]): StartLog {
  const current = new Map<string, StartRecord>()
  const obsolete: number[] = []
  for (const record of records) {
    const before = current.get(record.identity)
    if (record.starts === 0) {
      current.delete(record.identity)
      if (before !== undefined) obsolete.push(before.tag)
      obsolete.push(record.tag)
    } else if (before === undefined || before.starts <= record.starts) {
      current.set(record.identity, record)
      if (before !== undefined) obsolete.push(before.tag)
    } else obsolete.push(record.tag)
  }
  const starts = new Map([...current].map(([identity, record]) => [identity, record.starts]))
  return { starts, obsolete: obsolete.sort((a, b) => a - b) }
}

/** Its id; of a foreign message without one, a digest of what is in it. */
export function startIdentity({ id, key, body, timestampMs }: Suspect): string {
  if (id !== undefined) return `id:${id}`
  const hash = createHash('sha256').update(`${timestampMs ?? ''}\0${key === null ? '' : key.length}\0`)
  if (key !== null) hash.update(key)
  if (body !== null) hash.update(body)
  return `sha256:${hash.digest('base64url')}`
}

const FORMAT = 1

const write = (identity: string, starts: number): Buffer =>
  Buffer.from(JSON.stringify({ format: FORMAT, identity, starts }))

/** What is no record is left alone. */
function read({ tag, content }: WireDelivery): StartRecord | undefined {
  try {
    const { identity, starts } = JSON.parse(Buffer.from(content).toString()) as Partial<Record<string, unknown>>
    if (typeof identity !== 'string' || typeof starts !== 'number') return undefined
    return { tag, identity, starts }
  } catch {
    return undefined
  }
}
