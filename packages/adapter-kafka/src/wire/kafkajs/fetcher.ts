import { exponentialBackoff } from '@sluice/core/spi'
import { errorCodes } from '../error-codes.js'
import { partitionKey } from '../partitions.js'
import type { FetchEvents, Fetching, FetchLimits, HostAndPort, TopicPartition } from '../port.js'
import { decodeBatches } from '../records/decode-batches.js'
import { visibleRecords } from '../records/visible-records.js'
import { serverError, type Cluster } from './cluster.js'
import { fetchRequest, type FetchedPartition } from './fetch-request.js'

const backoff = exponentialBackoff({ fromMs: 50, toMs: 1_000 })
/**
 * Fetches that wait at one node at the same time. The second is for partitions that come while the first waits for records: they would
 * have to wait along.
 */
const LANES = ['first', 'second'] as const
type Lane = (typeof LANES)[number]

/** Two that shared a connection would wait for each other's records. */
let fetchers = 0

interface Reading {
  readonly at: TopicPartition
  offset: number
  paused: boolean
  /** Asked for, or waits for the next try. */
  busy: boolean
  /** Only {@link Fetching.seek} helps. */
  stands: boolean
  failures: number
}

const moved: ReadonlySet<number> = new Set([
  errorCodes.unknownTopicOrPartition,
  errorCodes.leaderNotAvailable,
  errorCodes.notLeaderOrFollower,
  errorCodes.replicaNotAvailable,
  errorCodes.kafkaStorageError,
  errorCodes.fencedLeaderEpoch,
  errorCodes.unknownLeaderEpoch,
])

/** Reads from the leaders of partitions, all of one node in one request. A partition that pauses is left out of the next. */
export class Fetcher implements Fetching {
  readonly #cluster: Cluster
  readonly #limits: FetchLimits
  readonly #events: FetchEvents
  readonly #readings = new Map<string, Reading>()
  /** By node, and lane. */
  readonly #underWay = new Map<string, Set<Lane>>()
  readonly #number = (fetchers += 1)
  #scheduled = false
  #closed = false

  constructor(cluster: Cluster, limits: FetchLimits, events: FetchEvents) {
    this.#cluster = cluster
    this.#limits = limits
    this.#events = events
  }

  add(at: TopicPartition, offset: number): void {
    this.#readings.set(partitionKey(at), { at, offset, paused: false, busy: false, stands: false, failures: 0 })
    this.#schedule()
  }

  remove(at: TopicPartition): void {
    this.#readings.delete(partitionKey(at))
  }

  seek(at: TopicPartition, offset: number): void {
    const reading = this.#readings.get(partitionKey(at))
    if (reading === undefined) return
    const { paused } = reading
    this.remove(at)
    this.add(at, offset)
    if (paused) this.pause(at)
  }

  pause(at: TopicPartition): void {
    const reading = this.#readings.get(partitionKey(at))
    if (reading !== undefined) reading.paused = true
  }

  resume(at: TopicPartition): void {
    const reading = this.#readings.get(partitionKey(at))
    if (reading === undefined || !reading.paused) return
    reading.paused = false
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    this.#readings.clear()
    for (const lane of LANES) this.#cluster.release(`fetch ${this.#number} ${lane}`)
  }

  /** What is asked for in one tick goes in one request. */
  #schedule(): void {
    if (this.#scheduled || this.#closed || this.#cluster.closing.aborted) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#begin()
    })
  }

  #begin(): void {
    const byNode = new Map<string, { readonly host: HostAndPort; readonly readings: Reading[] }>()
    const unknown: Reading[] = []
    for (const reading of this.#readings.values()) {
      if (reading.paused || reading.busy || reading.stands) continue
      const host = this.#cluster.leader(reading.at)
      if (host === undefined) {
        unknown.push(reading)
        continue
      }
      const node = `${host.host}:${host.port}`
      const known = byNode.get(node)
      if (known === undefined) byNode.set(node, { host, readings: [reading] })
      else known.readings.push(reading)
    }
    if (unknown.length > 0) void this.#findLeaders(unknown)
    for (const [node, { host, readings }] of byNode) {
      const lanes = this.#underWay.get(node) ?? new Set()
      this.#underWay.set(node, lanes)
      const lane = LANES.find((one) => !lanes.has(one))
      // With the next answer of one of them.
      if (lane !== undefined) void this.#fetch(host, lane, lanes, readings)
    }
  }

  async #findLeaders(readings: readonly Reading[]): Promise<void> {
    for (const reading of readings) reading.busy = true
    let found = true
    try {
      await this.#cluster.refresh([...new Set(readings.map(({ at }) => at.topic))])
    } catch {
      found = false
    }
    for (const reading of readings) {
      if (found && this.#cluster.leader(reading.at) !== undefined) reading.busy = false
      else this.#later(reading)
    }
    this.#schedule()
  }

  async #fetch(host: HostAndPort, lane: Lane, lanes: Set<Lane>, readings: readonly Reading[]): Promise<void> {
    lanes.add(lane)
    const asked = new Map(readings.map((reading) => [partitionKey(reading.at), reading]))
    for (const reading of readings) reading.busy = true
    try {
      const from = readings.map(({ at, offset }) => ({ ...at, offset }))
      const timeoutMs = this.#limits.maxWaitMs + this.#cluster.requestTimeoutMs
      const answer = await this.#cluster.askNode(
        host,
        `fetch ${this.#number} ${lane}`,
        () => fetchRequest(from, this.#limits),
        timeoutMs,
      )
      if (answer.errorCode !== 0) throw serverError(answer.errorCode, 'fetch')
      for (const partition of answer.partitions) {
        const reading = asked.get(partitionKey(partition))
        if (reading === undefined) continue
        asked.delete(partitionKey(partition))
        reading.busy = false
        if (this.#isRead(reading)) this.#read(reading, partition)
      }
      // The broker has to answer for each.
      for (const reading of asked.values()) this.#later(reading)
    } catch {
      for (const reading of asked.values()) {
        this.#cluster.forget(reading.at.topic)
        this.#later(reading)
      }
    } finally {
      lanes.delete(lane)
      this.#schedule()
    }
  }

  #read(reading: Reading, partition: FetchedPartition): void {
    const { at, offset } = reading
    const { errorCode } = partition
    if (errorCode === errorCodes.offsetOutOfRange) {
      reading.stands = true
      this.#events.positionLost(at, offset)
      return
    }
    if (errorCode !== 0) {
      if (moved.has(errorCode)) this.#cluster.forget(at.topic)
      if (errorCode === errorCodes.topicAuthorizationFailed) {
        reading.stands = true
        this.#events.refused(at, serverError(errorCode, `${at.topic} ${at.partition}`))
      } else this.#later(reading)
      return
    }
    reading.failures = 0
    const { records, next, unreadable } = visibleRecords(decodeBatches(partition.records), partition.aborted, offset)
    reading.offset = next
    if (records.length > 0) {
      // At the end of the next request: a node fills answers in the order in which they are asked for.
      this.#readings.delete(partitionKey(at))
      this.#readings.set(partitionKey(at), reading)
    }
    if (next > offset) this.#events.records(at, { records, next })
    if (unreadable === undefined || !this.#isRead(reading)) return
    reading.stands = true
    this.#events.unreadable(at, unreadable.baseOffset, unreadable.cause)
  }

  /** Not removed, and not begun anew elsewhere since. */
  #isRead(reading: Reading): boolean {
    return this.#readings.get(partitionKey(reading.at)) === reading
  }

  #later(reading: Reading): void {
    reading.busy = true
    reading.failures += 1
    this.#cluster.timers.after(backoff(reading.failures), () => {
      reading.busy = false
      this.#schedule()
    })
  }
}
