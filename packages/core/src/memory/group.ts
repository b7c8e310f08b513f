import { adapterError } from '../spi/adapter-error.js'
import type { Outbound } from '../spi/envelope.js'
import type { GroupMeasure } from '../spi/topology.js'
import type { MemoryClaim } from './claim.js'
import type { QueueTime } from './group-queue.js'
import { HoldWatch } from './hold-watch.js'
import { LetterStore } from './letter-store.js'
import { LogSource } from './log-source.js'
import type { PartitionLog } from './log.js'
import { Membership } from './membership.js'
import type { Pump } from './pump.js'
import { QueueSource } from './queue-source.js'
import type { SourceContext } from './source-context.js'
import type { Watch } from './watch.js'

/** What a group is made of, fixed when it is created. */
export interface GroupOptions {
  readonly topic: string
  readonly name: string
  /** One consumer per partition at a time. */
  readonly exclusive: boolean
  readonly holdMs: number
  readonly time: QueueTime
  readonly pump: Pump
  readonly watch: Watch
}

/** The part of a group that lies in one partition. */
export type GroupPartition = QueueSource | LogSource

/** One group of one topic: what it has not settled, its members, its dead letters. */
export class Group {
  readonly topic: string
  readonly name: string
  readonly exclusive: boolean
  readonly letters: LetterStore = new LetterStore()
  readonly membership: Membership
  readonly #options: GroupOptions
  readonly #sources: GroupPartition[] = []
  readonly #holds: HoldWatch

  constructor(options: GroupOptions) {
    const { topic, name, exclusive, holdMs, time, pump } = options
    this.topic = topic
    this.name = name
    this.exclusive = exclusive
    this.#options = options
    this.membership = new Membership({
      label: `${topic}.${name}`,
      exclusive,
      holdMs,
      time,
      sources: () => this.#sources,
      released: (claim) => this.#holds.released(claim),
      call: (run) => pump.call(run),
    })
    this.#holds = new HoldWatch(time, (claim) => this.expire(claim))
  }

  get partitions(): readonly GroupPartition[] {
    return this.#sources
  }

  addQueue(): void {
    this.#sources.push(new QueueSource(this.#sources.length, this.#context()))
    this.membership.changed()
  }

  addLog(log: PartitionLog, start: number, onStored: () => void): void {
    this.#sources.push(new LogSource(this.#sources.length, log, start, this.#context(), onStored))
    this.membership.changed()
  }

  add(partition: number, message: Outbound, atMs: number, delayMs: number): void {
    this.#sources[partition]?.add(message, atMs, delayMs)
  }

  /** What a broker does to a consumer that keeps a message for too long. */
  expire(claim: MemoryClaim): void {
    if (claim.released) return
    const text = `${this.topic}.${this.name} partition ${claim.partition}: a delivery was open for longer than the broker allows`
    claim.owner.noticed({ kind: 'hold-expired', text, count: claim.open })
    this.membership.takeAway([claim], adapterError('TIMEOUT', text, { scope: 'group', retryable: true }))
  }

  /** The group is gone with its topic. Members are told by their clients. */
  delete(): void {
    for (const member of this.membership.members) this.membership.leave(member)
  }

  measure(nowMs: number): GroupMeasure {
    const partitions = this.#sources.map((source) => ({ partition: source.partition, backlog: backlogOf(source) }))
    let oldest = Infinity
    for (const source of this.#sources) for (const { atMs } of source.messages()) oldest = Math.min(oldest, atMs)
    return {
      backlog: partitions.reduce((sum, { backlog }) => sum + backlog, 0),
      unsettled: this.#sources.reduce((sum, source) => sum + source.unsettled, 0),
      oldestMs: oldest === Infinity ? undefined : nowMs - oldest,
      deadLetters: this.letters.length,
      partitions,
    }
  }

  #context(): SourceContext {
    const { time, pump, watch, topic, name } = this.#options
    const group = { topic, group: name }
    return {
      get clock() {
        return time.clock
      },
      get timers() {
        return time.timers
      },
      wake: (source) => pump.wake(source),
      handed: (claim) => this.#holds.handed(claim),
      get settled() {
        if (!watch.active) return undefined
        return ({ owner, partition }: MemoryClaim, { id }: Outbound): void =>
          watch.settled({ clientName: owner.clientName, group, partition, id })
      },
    }
  }
}

/** Everything in a partition that its group has not settled, handed over or not. */
export function backlogOf(source: GroupPartition): number {
  return source instanceof LogSource ? source.backlog : source.ready + source.delayed + source.unsettled
}
