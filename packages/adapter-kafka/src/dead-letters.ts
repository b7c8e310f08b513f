import {
  type AdapterError,
  adapterError,
  type Clock,
  type DeadLetterBox,
  type GroupRef,
  sleep,
  type StoredLetter,
  type TimerHeap,
  within,
} from '@sluice/core/spi'
import { assign } from './assign.js'
import { DoneOffsets } from './done-offsets.js'
import { readRecord } from './envelope.js'
import { toAdapterError } from './errors.js'
import { deadLetterTopicOf, removedGroupOf } from './names.js'
import { readFrom } from './read-from.js'
import type { GroupMember, KafkaCluster, TopicPartition } from './wire/port.js'

export interface DeadLettersOptions {
  readonly cluster: KafkaCluster
  readonly timers: TimerHeap
  readonly clock: Clock
}

/** Nobody gets the dead letters of a process that has ended without a word for so long. */
const SESSION_MS = 10_000
const POLL_MS = 5
const FAREWELL_MS = 5_000

/**
 * Opens the dead letters of a group. They are read as a log; a consumer group of their own remembers which were removed, and its one member
 * that holds their partition is the one that has them open.
 *
 * @throws AdapterError as a rejection: BUSY while somebody has them open, UNKNOWN_TOPIC when there are none
 */
export async function openDeadLetters(
  options: DeadLettersOptions,
  ref: GroupRef,
  signal: AbortSignal,
): Promise<DeadLetterBox> {
  const { cluster } = options
  const at: TopicPartition = { topic: deadLetterTopicOf(ref), partition: 0 }
  const known = await within(cluster.metadata([at.topic]), signal).catch(inGroup)
  if (known.length === 0) {
    const text = `group ${ref.topic}.${ref.group} has no dead letters at the broker: topic "${at.topic}" does not exist`
    throw adapterError('UNKNOWN_TOPIC', text, { scope: 'group' })
  }
  const box = new Box(options, at, removedGroupOf(ref))
  try {
    await box.open(signal)
    return box
  } catch (error) {
    await box.close()
    throw toAdapterError(error, { scope: 'group' })
  }
}

class Box implements DeadLetterBox {
  readonly #options: DeadLettersOptions
  readonly #at: TopicPartition
  readonly #member: GroupMember
  readonly #over = new AbortController()
  #holds = false
  #removed = new DoneOffsets(0, [])
  /** One call after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(options: DeadLettersOptions, at: TopicPartition, groupId: string) {
    this.#options = options
    this.#at = at
    this.#member = options.cluster.join(
      {
        ...{ group: groupId, topics: [at.topic], sessionMs: SESSION_MS, rebalanceMs: SESSION_MS },
        assign: (members, count) => assign({ source: at.topic, besides: [], apart: [] }, members, count),
      },
      {
        assigned: (partitions) => {
          if (partitions.some(({ partition }) => partition === at.partition)) this.#holds = true
        },
        // Nobody takes it away from whoever holds it.
        revoking: () => Promise.resolve(),
        leading: () => undefined,
        lost: (_, cause) => this.#over.abort(toAdapterError(cause, { scope: 'group' })),
        failed: (cause) => this.#over.abort(toAdapterError(cause, { scope: 'group' })),
      },
    )
  }

  async open(signal: AbortSignal): Promise<void> {
    const both = AbortSignal.any([signal, this.#over.signal])
    // A member that is alive has its share.
    while (this.#member.aliveUntilMs < this.#options.clock.monotonic()) {
      if (this.#over.signal.aborted) throw this.#over.signal.reason
      await within(sleep(this.#options.timers, POLL_MS, both), signal)
    }
    if (!this.#holds) {
      const text = `${this.#at.topic} is open elsewhere`
      throw adapterError('BUSY', text, { scope: 'group', retryable: true })
    }
    const { administration } = this.#options.cluster
    const [[found], [start]] = await within(
      Promise.all([this.#member.committed([this.#at]), administration.offsets([this.#at], 'start')]),
      signal,
    )
    const { offset = 0, metadata = '' } = found ?? {}
    const first = start?.offset ?? 0
    // What was taken out of the topic is removed, whatever the broker still knows of the position.
    this.#removed = offset >= first ? DoneOffsets.read(offset, metadata) : new DoneOffsets(first, [])
  }

  read(after: string | undefined, limit: number, signal: AbortSignal): Promise<readonly StoredLetter[]> {
    return this.#inTurn(signal, (both) => this.#read(after, limit, both))
  }

  remove(letters: readonly StoredLetter[], signal: AbortSignal): Promise<void> {
    return this.#inTurn(signal, (both) => this.#remove(letters, both))
  }

  close(): Promise<void> {
    this.#over.abort(closed())
    this.#closing ??= this.#leave()
    return this.#closing
  }

  async #read(after: string | undefined, limit: number, signal: AbortSignal): Promise<readonly StoredLetter[]> {
    const letters: StoredLetter[] = []
    const from = Math.max(this.#removed.offset, after === undefined ? 0 : Number(after) + 1)
    const { cluster } = this.#options
    for await (const record of readFrom(cluster, this.#at, from, signal)) {
      if (this.#removed.has(record.offset)) continue
      const position = String(record.offset)
      letters.push({ ...readRecord(record), position, cursor: position })
      if (letters.length === limit) break
    }
    return letters
  }

  async #remove(letters: readonly StoredLetter[], signal: AbortSignal): Promise<void> {
    const next = this.#removed.with(letters.map(({ cursor }) => Number(cursor)))
    const stored = next.write()
    if (stored === undefined) throw tooScattered(this.#at.topic)
    for (;;) {
      const [result] = await within(this.#member.commit([{ ...this.#at, ...stored }]), signal)
      if (result?.error === undefined) break
      // Who coordinates may have moved; a session that is over ends the box.
      await within(sleep(this.#options.timers, POLL_MS * 10, signal), signal)
    }
    if (stored.offset > this.#removed.offset) this.#forget(stored.offset)
    this.#removed = next
  }

  /** Takes out of the topic what is removed for good: nobody finds it again, also when the broker forgets the position. */
  #forget(offset: number): void {
    const { administration } = this.#options.cluster
    // Where that is not allowed the position alone says it.
    administration.deleteRecords([{ ...this.#at, offset }]).catch(() => undefined)
  }

  #inTurn<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const both = AbortSignal.any([signal, this.#over.signal])
    const turn = this.#last.then(async () => {
      try {
        if (this.#over.signal.aborted) throw this.#over.signal.reason
        return await run(both)
      } catch (error) {
        throw this.#over.signal.aborted ? this.#over.signal.reason : toAdapterError(error, { scope: 'group' })
      }
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #leave(): Promise<void> {
    await this.#last
    await within(this.#member.leave(), AbortSignal.timeout(FAREWELL_MS)).catch(() => undefined)
  }
}

function inGroup(error: unknown): never {
  throw toAdapterError(error, { scope: 'group' })
}

const closed = (): Error & AdapterError => adapterError('CLOSED', 'the dead letters are closed', { scope: 'group' })

const tooScattered = (topic: string): Error & AdapterError =>
  adapterError(
    'UNSUPPORTED',
    `${topic}: what was removed lies in too many places to be remembered: remove the oldest first`,
    { scope: 'group' },
  )
