import { type ConsumeRequest, type ConsumeSink, type Logger, sleep, type TimerHeap } from '@sluice/core/spi'
import { readCheckpoint, emptyCheckpoint } from './checkpoint.js'
import { PartitionClaim } from './claim.js'
import { toAdapterError } from './errors.js'
import type { Feed } from './feed.js'
import { Part } from './part.js'
import { readPositions } from './read-positions.js'
import type { Settler } from './settle.js'
import type { KafkaError } from './wire/kafka-error.js'
import { partitionKey } from './wire/partitions.js'
import type { CommittedOffset, GroupMember, TopicPartition } from './wire/port.js'

export interface HoldingsOptions {
  readonly request: ConsumeRequest
  readonly sink: ConsumeSink
  readonly timers: TimerHeap
  readonly log: Logger
  readonly settler: Settler
  readonly feed: Feed
  readonly member: () => GroupMember
  /** Resolves when core is ready to hear of claims. */
  readonly opened: Promise<void>
}

/** What cannot be stored within it comes again elsewhere: others wait for the partition. */
const LAST_COMMIT_MS = 5_000

/** What a member of a group holds, as claims: a partition of the topic, and the one of the same number that is for the group alone. */
export class Holdings {
  readonly #options: HoldingsOptions
  readonly #held = new Map<string, TopicPartition>()
  readonly #parts = new Map<string, Part>()
  readonly #claims = new Map<number, PartitionClaim>()
  readonly #over = new AbortController()
  #epochs = 0
  #stopped = false

  constructor(options: HoldingsOptions) {
    this.#options = options
  }

  get claims(): readonly PartitionClaim[] {
    return [...this.#claims.values()]
  }

  assigned(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#held.set(partitionKey(one), one)
    void this.#begin(partitions)
  }

  async revoking(partitions: readonly TopicPartition[]): Promise<void> {
    const { sink, settler, feed, request, timers } = this.#options
    const going = new Set(partitions.map(partitionKey))
    for (const key of going) this.#held.delete(key)
    const claims = this.#claimsOf(going).filter(({ state }) => state === 'live')
    for (const claim of claims) {
      claim.state = 'draining'
      for (const part of claim.parts) feed.remove(part)
    }
    if (claims.length > 0) await sink.revoking(claims, request.drainMs)
    // Some may have been lost meanwhile.
    const drained = claims.filter(({ state }) => state === 'draining')
    for (const claim of drained) this.#end(claim)
    const last = new AbortController()
    const storing = drained.flatMap(({ parts }) => parts.map((part) => settler.urge(part)))
    await Promise.race([Promise.allSettled(storing), sleep(timers, LAST_COMMIT_MS, last.signal)])
    last.abort()
    for (const key of going) if (!this.#held.has(key)) this.#release(key)
    for (const { partition, parts } of drained) {
      for (const part of parts) if (this.#parts.get(partitionKey(part.at)) === part) part.restart()
      this.#claim(partition)
    }
  }

  lost(partitions: readonly TopicPartition[], cause: KafkaError): void {
    const gone = new Set(partitions.map(partitionKey))
    const claims = this.#claimsOf(gone)
    for (const claim of claims) this.#end(claim)
    for (const key of gone) {
      this.#held.delete(key)
      this.#release(key)
    }
    if (claims.length > 0) this.#options.sink.lost(claims, toAdapterError(cause, { scope: 'group' }))
  }

  /** The same right again, under another epoch: what is not done comes once more. */
  rewind(claim: PartitionClaim): void {
    if (claim.state !== 'live') return
    const { feed } = this.#options
    this.#end(claim)
    for (const part of claim.parts) {
      feed.remove(part)
      part.restart()
    }
    queueMicrotask(() => this.#claim(claim.partition))
  }

  /** No more claims. */
  stop(): void {
    this.#stopped = true
  }

  /** Everything is let go. */
  close(): void {
    this.#stopped = true
    this.#over.abort()
    for (const claim of this.claims) this.#end(claim)
  }

  async #begin(partitions: readonly TopicPartition[]): Promise<void> {
    const { timers, log, opened, member } = this.#options
    await opened
    // Held ever since: what was let go and came back meanwhile is looked for by whoever has told of it.
    const isHeld = (one: TopicPartition): boolean => this.#held.get(partitionKey(one)) === one
    const wanted = (): readonly TopicPartition[] =>
      partitions.filter((one) => isHeld(one) && !this.#parts.has(partitionKey(one)))
    const found = (asked: TopicPartition, position: CommittedOffset): void => {
      if (isHeld(asked) && !this.#parts.has(partitionKey(asked))) this.#attach(position)
    }
    await readPositions({ member, timers, log, wanted, found }, this.#over.signal)
  }

  #attach({ topic, partition, offset = 0, metadata }: CommittedOffset): void {
    const { request, settler, feed, sink } = this.#options
    const checkpoint = readCheckpoint(offset, metadata)
    if (checkpoint === undefined) {
      const text = `${topic} ${partition}: what is stored beside position ${offset} was not written by this version of Sluice, and is ignored`
      sink.noticed({ kind: 'checkpoint-ignored', text })
    }
    const isOwn = topic !== request.group.topic
    const part = new Part({ topic, partition }, isOwn, offset, checkpoint ?? emptyCheckpoint, request.window.messages)
    this.#parts.set(partitionKey(part.at), part)
    settler.add(part)
    const claim = this.#claims.get(partition)
    if (claim === undefined) this.#claim(partition)
    else if (claim.state === 'live') {
      claim.parts.push(part)
      feed.add(claim, part)
    }
  }

  /** As soon as the partition of the topic is held. */
  #claim(partition: number): void {
    if (this.#stopped || this.#claims.has(partition)) return
    const parts = [...this.#parts.values()].filter(({ at }) => at.partition === partition)
    if (parts.every(({ isOwn }) => isOwn)) return
    this.#epochs += 1
    const claim = new PartitionClaim(partition, this.#epochs, this.#options.member())
    claim.parts.push(...parts)
    this.#claims.set(partition, claim)
    this.#options.sink.claimed(claim)
    for (const part of parts) this.#options.feed.add(claim, part)
  }

  #claimsOf(keys: ReadonlySet<string>): readonly PartitionClaim[] {
    return this.claims.filter(({ parts }) => parts.some(({ at }) => keys.has(partitionKey(at))))
  }

  #end(claim: PartitionClaim): void {
    claim.state = 'dead'
    if (this.#claims.get(claim.partition) === claim) this.#claims.delete(claim.partition)
  }

  #release(key: string): void {
    const part = this.#parts.get(key)
    if (part === undefined) return
    this.#parts.delete(key)
    this.#options.feed.remove(part)
    this.#options.settler.drop(part)
  }
}
