import type { Outbound } from '../spi/envelope.js'
import type { BrokerLimits } from './broker-options.js'
import type { QueueTime } from './group-queue.js'
import { Group } from './group.js'
import { LogSource } from './log-source.js'
import { PartitionLog } from './log.js'
import type { Pump } from './pump.js'
import type { Watch } from './watch.js'

/** What a topic is made of, fixed when it is created. */
export interface TopicOptions {
  readonly name: string
  readonly keyed: boolean
  readonly partitions: number
  /** Whether messages stay in logs, or go to the queues of the groups. */
  readonly log: boolean
  readonly limits: BrokerLimits
  readonly time: QueueTime
  readonly pump: Pump
  readonly watch: Watch
}

/** One topic of the broker. */
export class Topic {
  readonly name: string
  readonly keyed: boolean
  readonly groups: Map<string, Group> = new Map()
  /** The same, to go through at each message. */
  readonly #eachGroup: Group[] = []
  readonly #options: TopicOptions
  /** Empty where messages go to the queues of the groups. */
  readonly #logs: PartitionLog[] = []
  #partitions = 0
  /** By partition: up to here, what all groups have done ahead of an open message was dropped. */
  readonly #swept: number[] = []

  constructor(options: TopicOptions) {
    this.name = options.name
    this.keyed = options.keyed
    this.#options = options
    this.addPartitions(options.partitions)
  }

  get partitions(): number {
    return this.#partitions
  }

  get logs(): readonly PartitionLog[] {
    return this.#logs
  }

  /** Groups that exist read new partitions from their beginning. */
  addPartitions(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#partitions += 1
      if (this.#options.log) this.#logs.push(new PartitionLog())
      for (const group of this.groups.values()) this.#addPartition(group, this.#partitions - 1, 'earliest')
    }
  }

  /** A group whose start is fixed now. */
  createGroup(name: string, order: 'key' | 'none', from: 'creation' | 'earliest'): Group {
    const { log, limits, time, pump, watch } = this.#options
    const exclusive = log || this.keyed || order === 'key'
    const group = new Group({ topic: this.name, name, exclusive, holdMs: limits.holdMs, time, pump, watch })
    for (let partition = 0; partition < this.#partitions; partition += 1) this.#addPartition(group, partition, from)
    this.groups.set(name, group)
    this.#eachGroup.push(group)
    return group
  }

  /** Stores a message for all groups; its position, or `undefined` where it has none. */
  append(partition: number, message: Outbound, atMs: number): string | undefined {
    const log = this.#logs[partition]
    if (log === undefined) {
      for (const group of this.#eachGroup) group.add(partition, message, atMs, 0)
      return undefined
    }
    const { offset } = log.append(message, atMs)
    const { messages } = this.#options.limits.retention
    if (log.end - log.start > messages) log.trim(log.end - messages)
    for (const group of this.#eachGroup) {
      const source = group.partitions[partition]
      if (source instanceof LogSource) source.appended()
    }
    return String(offset)
  }

  #addPartition(group: Group, partition: number, from: 'creation' | 'earliest'): void {
    const log = this.#logs[partition]
    if (log === undefined) group.addQueue()
    else group.addLog(log, from === 'earliest' ? log.start : log.end, () => this.#forget(partition, log))
  }

  /** What every group has passed need not stay, but for some that a later group may want to see. */
  #forget(partition: number, log: PartitionLog): void {
    const spare = log.end - this.#options.limits.retention.settled
    if (spare <= log.start) return
    let passed = Infinity
    for (const group of this.groups.values()) {
      const source = group.partitions[partition]
      if (source instanceof LogSource) passed = Math.min(passed, source.watermark)
    }
    log.trim(Math.min(spare, passed))
    if (passed < spare) this.#sweep(partition, log, spare)
  }

  /** A message that stands still keeps everything behind it in the log. What all groups have done of that goes, or a log would hold what a queue does not. */
  #sweep(partition: number, log: PartitionLog, spare: number): void {
    const sources = [...this.groups.values()].flatMap(({ partitions }) => {
      const source = partitions[partition]
      return source instanceof LogSource ? source : []
    })
    // Not beyond what the slowest has done: what it has yet to reach is looked at then.
    const end = Math.min(spare, ...sources.map((source) => source.doneEnd))
    const from = Math.max(this.#swept[partition] ?? 0, log.start)
    const [one, ...others] = sources
    if (one !== undefined) {
      for (const { first, last } of one.doneBetween(from, end))
        for (let offset = first; offset <= last; offset += 1)
          if (others.every((source) => source.isDone(offset))) log.drop(offset)
    }
    this.#swept[partition] = Math.max(from, end)
  }
}
