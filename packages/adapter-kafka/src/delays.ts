import {
  type Cancel,
  type Clock,
  type ConsumeSink,
  exponentialBackoff,
  type GroupRef,
  type Logger,
  sleep,
  type TimerHeap,
} from '@sluice/core/spi'
import type { BrokerTime } from './broker-time.js'
import { DelayLevel } from './delay-level.js'
import { DelaySteps, type Step, WRITE_MS } from './delay-steps.js'
import { groupIdOf } from './names.js'
import { readPositions } from './read-positions.js'
import { positionLost } from './reading-errors.js'
import type { Sender } from './send.js'
import type { Settler } from './settle.js'
import { TimeQuestion } from './time-question.js'
import { partitionKey } from './wire/partitions.js'
import type { FetchedRecords, Fetching, GroupMember, KafkaCluster, TopicPartition } from './wire/port.js'

export interface DelaysOptions {
  readonly cluster: KafkaCluster
  readonly fetching: Fetching
  readonly clock: Clock
  readonly timers: TimerHeap
  readonly log: Logger
  readonly group: GroupRef
  readonly sink: Pick<ConsumeSink, 'failed' | 'noticed'>
  readonly member: () => Pick<GroupMember, 'committed' | 'aliveUntilMs'>
  readonly settler: Settler
  readonly sender: Pick<Sender, 'write'>
  readonly time: BrokerTime
}

const LOOK_AGAIN_MS = 50
/**
 * What cannot be stored within it is moved on once more by whoever comes next: others wait for the level. A step that is on its way has its
 * time, and what it has done gets stored.
 */
const LAST_MS = WRITE_MS + 1_000
const backoff = exponentialBackoff({ fromMs: 50, toMs: 5_000 })

/** One of a level, on its way. */
interface Held {
  readonly level: DelayLevel
  /** Aborts when it is let go. */
  readonly over: AbortController
  cancel: Cancel | undefined
  /** Until what is on its way has arrived. */
  moving: Promise<void> | undefined
}

/** What cannot be stored where it goes waits for so long once more, so that it does not stand in the way of others. */
const POSTPONED_MS = 5_000

/**
 * Moves on what waits for its time, in the levels that this process holds: to a lower level, and at last to where the consumers of the group
 * find it. What has moved is stored as settled messages are, so a crash moves some of it twice and loses none.
 */
export class Delays {
  readonly #options: DelaysOptions
  readonly #held = new Map<string, Held>()
  readonly #wanted = new Map<string, TopicPartition>()
  readonly #over = new AbortController()
  readonly #steps: DelaySteps
  readonly #time: TimeQuestion

  constructor(options: DelaysOptions) {
    this.#options = options
    this.#steps = new DelaySteps(options)
    this.#time = new TimeQuestion(options)
  }

  assigned(partitions: readonly TopicPartition[]): void {
    if (partitions.length === 0) return
    for (const one of partitions) this.#wanted.set(partitionKey(one), one)
    const isWanted = (one: TopicPartition): boolean =>
      this.#wanted.get(partitionKey(one)) === one && !this.#held.has(partitionKey(one))
    const { member, timers, log } = this.#options
    void readPositions(
      {
        ...{ member, timers, log },
        wanted: () => partitions.filter(isWanted),
        found: (asked, { offset = 0 }) => {
          if (isWanted(asked)) this.#begin(asked, offset)
        },
      },
      this.#over.signal,
    )
  }

  /** Begins nothing more with them, and resolves when what is on its way has arrived, is given up, and stored as far as it can be. */
  async revoking(partitions: readonly TopicPartition[]): Promise<void> {
    await Promise.all(partitions.map((one) => this.#letGo(one)))
  }

  lost(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#drop(one)
  }

  /** As {@link revoking}, for all; they stay known to the settler, which stores where they have got to. */
  async stop(): Promise<void> {
    this.#over.abort()
    this.#wanted.clear()
    await this.#inTime(Promise.all([...this.#held.values()].map((held) => this.#end(held))))
  }

  close(): void {
    this.#over.abort()
    for (const { level } of [...this.#held.values()]) this.#drop(level.at)
  }

  #begin(at: TopicPartition, offset: number): void {
    const level = new DelayLevel(at, offset)
    const over = new AbortController()
    this.#held.set(partitionKey(at), { level, over, cancel: undefined, moving: undefined })
    this.#options.settler.add(level)
    this.#options.fetching.add(at, offset)
  }

  fetched(at: TopicPartition, fetched: FetchedRecords): void {
    const held = this.#held.get(partitionKey(at))
    if (held === undefined || held.over.signal.aborted) return
    const { level } = held
    level.fetched(fetched)
    if (level.isFull && !level.paused) {
      level.paused = true
      this.#options.fetching.pause(at)
    }
    this.#look(held)
  }

  /** Moves on what is due, or waits for it. */
  #look(held: Held): void {
    const { level, over } = held
    const { time, timers, settler, clock, member } = this.#options
    if (level.version > level.storedVersion) settler.touch()
    held.cancel?.()
    held.cancel = undefined
    if (over.signal.aborted || held.moving !== undefined) return
    const { dueMs } = level
    if (dueMs === undefined) return
    const { nowMs = Infinity } = time
    const waitMs = dueMs - nowMs
    // Somebody else may hold it by now; and what cannot be stored as moved would be moved once more.
    const mayMove = member().aliveUntilMs > clock.monotonic() && !settler.isStuck
    if (waitMs > 0) held.cancel = timers.after(waitMs, () => this.#look(held))
    else if (!mayMove) held.cancel = timers.after(LOOK_AGAIN_MS, () => this.#look(held))
    else {
      // What was heard long ago may not be true any more: clocks are moved, and machines sleep.
      held.moving = (time.isFresh ? this.#move(held, nowMs) : this.#time.ask(over.signal)).finally(() => {
        held.moving = undefined
        this.#refill(held)
        this.#look(held)
      })
    }
  }

  #refill({ level, over }: Held): void {
    if (!level.paused || !level.isLow || over.signal.aborted) return
    level.paused = false
    this.#options.fetching.resume(level.at)
  }

  /** Resolves when all that are due are stored where they go next, or nobody is to move them any more. */
  async #move({ level, over }: Held, nowMs: number): Promise<void> {
    const { timers, settler, log } = this.#options
    const due = level.due(nowMs)
    const strange = due.filter(({ isStrange }) => isStrange).map(({ offset }) => offset)
    if (strange.length > 0)
      log.warn('kafka: what is not known to be delayed is delivered now', { ...level.at, strange })
    let left: readonly Step[] = due.map((one) => this.#steps.stepOf(one, nowMs))
    const end = (left.at(-1)?.due.offset ?? 0) + 1
    for (let failures = 0; left.length > 0; failures += 1) {
      if (failures > 0) await sleep(timers, backoff(failures), over.signal)
      if (failures > 0 && over.signal.aborted) return
      const { unmoved, reason } = await this.#steps.write(left)
      left = unmoved.map(({ due }) => this.#steps.waitOnce(due, POSTPONED_MS))
      // Dropped meanwhile: how far it has got is stored by whoever holds it now.
      if (this.#held.get(partitionKey(level.at))?.level !== level) return
      settler.done(level.moved(left[0]?.due.offset ?? end))
      if (reason !== undefined) log.warn('kafka: delayed messages cannot be moved on yet', { ...level.at, reason })
    }
  }

  /** Retention, or somebody, has taken what waits. */
  async positionLost(at: TopicPartition, wanted: number): Promise<void> {
    const { cluster, sink, group } = this.#options
    const { administration } = cluster
    const asked = [administration.offsets([at], 'start'), administration.offsets([at], 'end')]
    const [start, end] = (await Promise.all(asked).catch(() => [])).map(([found]) => found?.offset ?? 0)
    const held = this.#held.get(partitionKey(at))
    if (held === undefined || held.over.signal.aborted) return
    const { level } = held
    const text = `${groupIdOf(group)}: ${at.topic} ${at.partition}: position ${wanted} is gone`
    if (end !== undefined && wanted > end) {
      sink.failed(positionLost(`${text}, there is ${start} to ${end}: the topic was cut off or made anew`))
      return
    }
    if (start !== undefined && start > wanted) {
      const count = start - wanted
      sink.noticed({ kind: 'position-lost', text: `${text}; delayed messages are looked for from ${start} on`, count })
      level.jump(start)
      this.#look(held)
    }
    this.#options.fetching.seek(at, level.next)
  }

  async #letGo(at: TopicPartition): Promise<void> {
    const key = partitionKey(at)
    this.#wanted.delete(key)
    const held = this.#held.get(key)
    if (held === undefined) return
    await this.#inTime(this.#end(held).then(() => this.#options.settler.urge(held.level)))
    if (this.#held.get(key) === held) this.#drop(at)
  }

  async #end(held: Held): Promise<void> {
    held.over.abort()
    held.cancel?.()
    this.#options.fetching.remove(held.level.at)
    await held.moving
  }

  async #inTime(ending: Promise<unknown>): Promise<void> {
    const over = new AbortController()
    const ended = ending.catch(() => undefined).finally(() => over.abort())
    await Promise.race([ended, sleep(this.#options.timers, LAST_MS, over.signal)])
  }

  #drop(at: TopicPartition): void {
    const key = partitionKey(at)
    this.#wanted.delete(key)
    const held = this.#held.get(key)
    if (held === undefined) return
    this.#held.delete(key)
    held.over.abort()
    held.cancel?.()
    this.#options.fetching.remove(at)
    this.#options.settler.drop(held.level)
  }
}
