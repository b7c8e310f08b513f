import { type AdapterError, type Clock, type ConsumeRequest, type ConsumeSink } from '@sluice/core/spi'
import type { PartitionClaim } from './claim.js'
import { Delivery } from './delivery.js'
import { groupIdOf } from './names.js'
import type { Part } from './part.js'
import { positionLost } from './reading-errors.js'
import type { Settler } from './settle.js'
import { partitionKey } from './wire/partitions.js'
import type { FetchedRecords, Fetching, KafkaCluster, TopicPartition } from './wire/port.js'
import { recordBytes } from './wire/records/encode-batch.js'
import type { FetchedRecord } from './wire/records/record.js'

export interface FeedOptions {
  readonly cluster: KafkaCluster
  readonly fetching: Fetching
  readonly clock: Clock
  readonly request: ConsumeRequest
  readonly sink: ConsumeSink
  readonly settler: Settler
}

/** While a commit is on its way, a crash repeats no more than so many. */
const MOST_UNSTORED = 20_000

interface Fed {
  readonly claim: PartitionClaim
  readonly part: Part
}

/** Reads the partitions of claims, and hands over what their windows have room for. */
export class Feed {
  readonly #options: FeedOptions
  readonly #fed = new Map<string, Fed>()
  readonly #awake = new Set<PartitionClaim>()
  #paused = false
  #stopped = false

  constructor(options: FeedOptions) {
    this.#options = options
  }

  get buffered(): { readonly messages: number; readonly bytes: number } {
    let messages = 0
    let bytes = 0
    for (const { part } of this.#fed.values()) {
      messages += part.buffered.messages
      bytes += part.buffered.bytes
    }
    return { messages, bytes }
  }

  add(claim: PartitionClaim, part: Part): void {
    part.fetchPaused = false
    this.#fed.set(partitionKey(part.at), { claim, part })
    this.#options.fetching.add(part.at, part.next)
  }

  remove(part: Part): void {
    this.#options.fetching.remove(part.at)
    this.#fed.delete(partitionKey(part.at))
    part.clear()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.wakeAll()
  }

  /** Nothing more is handed over, for ever. */
  stop(): void {
    this.#stopped = true
  }

  close(): void {
    this.#stopped = true
    this.#fed.clear()
  }

  wakeAll(): void {
    for (const { claim } of this.#fed.values()) this.wake(claim)
  }

  /** There may be room, or something to fill it: looked at when the calls of the moment are over. */
  wake(claim: PartitionClaim): void {
    if (this.#awake.size === 0) {
      queueMicrotask(() => {
        const claims = [...this.#awake]
        this.#awake.clear()
        for (const one of claims) this.#fill(one)
      })
    }
    this.#awake.add(claim)
  }

  fetched(at: TopicPartition, fetched: FetchedRecords): void {
    const fed = this.#fed.get(partitionKey(at))
    if (fed === undefined) return
    const { part, claim } = fed
    part.fetched(fetched)
    if (part.isFull && !part.fetchPaused) {
      part.fetchPaused = true
      this.#options.fetching.pause(at)
    }
    if (part.version > part.storedVersion) this.#options.settler.touch()
    this.wake(claim)
  }

  #fill(claim: PartitionClaim): void {
    const { clock, request, sink, settler } = this.#options
    if (claim.state !== 'live' || this.#paused || this.#stopped) return
    // What is handed over now could not be stored, and would come once more if the claim were lost.
    if (settler.isStuck || settler.unstored >= MOST_UNSTORED) return
    const nowMs = clock.monotonic()
    if (nowMs >= claim.aliveUntilMs) return
    const batch: Delivery[] = []
    // Half of the room for either, so that neither a flood of new messages nor one of redriven ones keeps out the other.
    const share = Math.ceil((request.window.messages - claim.open) / 2)
    const own = claim.parts.filter(({ isOwn }) => isOwn)
    for (const part of own) this.#take(claim, part, share, batch, nowMs)
    for (const part of claim.parts) this.#take(claim, part, Infinity, batch, nowMs)
    if (batch.length > 0) sink.deliver(claim, batch)
    for (const part of claim.parts) {
      if (part.version > part.storedVersion) settler.touch()
      if (!part.fetchPaused || !part.isLow) continue
      part.fetchPaused = false
      this.#options.fetching.resume(part.at)
    }
  }

  #take(claim: PartitionClaim, part: Part, most: number, batch: Delivery[], nowMs: number): void {
    for (let taken = 0; taken < most; taken += 1) {
      const record = part.peek(nowMs)
      if (record === undefined || !this.#hasRoom(claim, record)) return
      if (part.covered !== 'yes') {
        if (part.covered === 'no') this.#cover(claim, part)
        return
      }
      const delivery = new Delivery(claim, part, part.take(record, nowMs), record)
      claim.open += 1
      claim.openBytes += delivery.bytes
      batch.push(delivery)
    }
  }

  /** Stored lazily, hand-overs of a process that ends at once would never be counted. */
  #cover(claim: PartitionClaim, part: Part): void {
    part.cover()
    this.#options.settler.urge(part).then(
      () => {
        if (claim.state !== 'live') return
        part.covered = 'yes'
        this.wake(claim)
      },
      // Let go meanwhile.
      () => undefined,
    )
  }

  /** The first of all always has: it could never be handed over else. */
  #hasRoom(claim: PartitionClaim, record: FetchedRecord): boolean {
    const { window } = this.#options.request
    if (claim.open === 0) return true
    // Never less than what core counts of it.
    const bytes = recordBytes(record) + 128 + 8 * record.headers.length
    return claim.open < window.messages && claim.openBytes + bytes <= window.bytes
  }

  /** Retention has taken what was to be read next, or the topic was made anew. */
  async positionLost(at: TopicPartition, wanted: number): Promise<void> {
    const { cluster, request, sink, clock, settler } = this.#options
    const fed = this.#fed.get(partitionKey(at))
    if (fed === undefined) return
    const ends = await Promise.all([
      cluster.administration.offsets([at], 'start'),
      cluster.administration.offsets([at], 'end'),
    ]).catch(() => undefined)
    if (this.#fed.get(partitionKey(at)) !== fed) return
    const [start, end] = ends?.map(([found]) => found?.offset ?? 0) ?? []
    if (start === undefined || end === undefined || (wanted >= start && wanted <= end)) {
      // It cannot be told at the moment, or was not so.
      this.#options.fetching.seek(at, wanted)
      return
    }
    const { part, claim } = fed
    const text = `${this.#where(at)}: position ${wanted} is gone, there is ${start} to ${end}`
    if (wanted > end) {
      this.fail(positionLost(`${text}: the topic was cut off or made anew`))
      return
    }
    const target = request.onPositionLost === 'latest' ? end : start
    if (request.onPositionLost === 'fail') {
      this.fail(positionLost(`${text}; ${start - wanted} positions are lost to this group`))
      return
    }
    const count = part.jump(target, clock.monotonic())
    if (count > 0) sink.noticed({ kind: 'position-lost', text: `${text}; reading goes on at ${target}`, count })
    settler.touch()
    this.#options.fetching.seek(at, part.next)
    this.wake(claim)
  }

  /** Reading cannot go on. */
  fail(error: AdapterError): void {
    if (!this.#stopped) this.#options.sink.failed(error)
  }

  #where(at: TopicPartition): string {
    return `${groupIdOf(this.#options.request.group)}: ${at.topic} ${at.partition}`
  }
}
