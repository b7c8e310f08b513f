import { judgeCrash, type SoloLock } from '../failure/crash-guard.js'
import { Deque } from '../kit/deque.js'
import type { Gate } from './gate.js'
import type { Lane } from './lane.js'
import type { PartitionState } from './partition-state.js'
import type { Timing } from './timing.js'
import type { Work } from './work.js'

export interface SchedulerOptions {
  /** Handler calls at the same time. */
  readonly concurrency: number
  /** 1 for a handler of single deliveries. */
  readonly batchSize: number
  readonly batchWaitMs: number
}

/** Begins what was chosen, one or the members of a batch; they are `running` and their lanes occupied. */
export type Start = (first: Work, others: readonly Work[]) => void

const nobody: readonly Work[] = Object.freeze([])

/**
 * Chooses what starts next: round robin over partitions, and inside a partition over its lanes, so that no key and no partition
 * starves another. Lanes that wait for a retry or a slow key are not in its lists and cost nothing.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #timing: Timing
  readonly #gate: Gate
  readonly #solo: SoloLock
  readonly #start: Start
  readonly #ring = new Deque<PartitionState>()
  #running = 0
  #alone = false
  #pumping = false
  #forming: Work[] = []
  #formingDue = false
  #cancelForming: (() => void) | undefined

  constructor(options: SchedulerOptions, timing: Timing, gate: Gate, solo: SoloLock, start: Start) {
    this.#options = options
    this.#timing = timing
    this.#gate = gate
    this.#solo = solo
    this.#start = start
  }

  /** Handler calls that run now. */
  get running(): number {
    return this.#running
  }

  /** Puts the lane into the lists when it could start, and frees it when it is idle. Does not start anything: call {@link pump} after. */
  offer(lane: Lane): void {
    if (!lane.startable) {
      lane.partition.free(lane)
      return
    }
    if (lane.listed) return
    lane.listed = true
    const { partition } = lane
    partition.ready.push(lane)
    if (partition.listed) return
    partition.listed = true
    this.#ring.push(partition)
  }

  /** A handler call has ended. */
  slotFreed(alone: boolean): void {
    this.#running -= 1
    if (!alone) return
    this.#alone = false
    this.#solo.release(this)
  }

  pump = (): void => {
    if (this.#pumping || (this.#ring.length === 0 && !this.#formingDue)) return
    this.#pumping = true
    try {
      do {
        while (this.#running < this.#options.concurrency && !this.#alone && this.#gate.passable) {
          const lane = this.#nextLane()
          if (lane === undefined || !this.#take(lane)) break
        }
      } while (this.#flushIfDue())
    } finally {
      this.#pumping = false
    }
  }

  /** Takes members out of a batch that is filling up; they have been dropped. */
  forget(works: ReadonlySet<Work>): void {
    this.#forming = this.#forming.filter((work) => !works.has(work))
  }

  stop(): void {
    this.#cancelForming?.()
    this.#cancelForming = undefined
    if (this.#alone) this.#solo.release(this)
  }

  #nextLane(): Lane | undefined {
    for (;;) {
      const partition = this.#ring.shift()
      if (partition === undefined) return undefined
      partition.listed = false
      const lane = partition.ready.shift()
      if (partition.ready.length > 0) {
        partition.listed = true
        this.#ring.push(partition)
      }
      if (lane === undefined) continue
      lane.listed = false
      if (lane.startable) return lane
      partition.free(lane)
    }
  }

  /** Puts a lane back where it came from: nothing may overtake it. */
  #putBack(lane: Lane): void {
    const { partition } = lane
    lane.listed = true
    partition.ready.unshift(lane)
    if (partition.listed) return
    partition.listed = true
    this.#ring.unshift(partition)
  }

  /** False when nothing more can start now. */
  #take(lane: Lane): boolean {
    const work = lane.first as Work
    // It stays where it is: its loss is on the way.
    if (this.#isOutlived(work)) return true
    if (work.notBeforeMs > 0 && this.#tooEarly(lane, work)) return true
    if (isSuspect(work)) return this.#takeAlone(lane, work)
    const waitMs = this.#gate.ask(work)
    if (waitMs > 0) return this.#wait(lane, waitMs)
    if (this.#options.batchSize > 1 && !work.single) this.#join(lane)
    else this.#begin(this.#occupy(lane), nobody)
    return true
  }

  #takeAlone(lane: Lane, work: Work): boolean {
    if (this.#running > 0 || this.#forming.length > 0 || !this.#solo.acquire(this, this.pump)) {
      this.#putBack(lane)
      this.#formingDue = this.#forming.length > 0
      return false
    }
    const waitMs = this.#gate.ask(work)
    if (waitMs > 0) {
      this.#solo.release(this)
      return this.#wait(lane, waitMs)
    }
    this.#alone = true
    work.solo = true
    this.#begin(this.#occupy(lane), nobody)
    return true
  }

  #begin(first: Work, others: readonly Work[]): void {
    run(first)
    if (others !== nobody) for (const other of others) run(other)
    this.#running += 1
    this.#start(first, others)
  }

  #occupy(lane: Lane): Work {
    lane.occupied += 1
    return lane.shift() as Work
  }

  /** Somebody else may have got its claim: the process or the network stood still. */
  readonly #isOutlived = ({ inbound }: Work): boolean => {
    const { aliveUntilMs } = inbound.claim
    return aliveUntilMs !== undefined && this.#timing.clock.monotonic() > aliveUntilMs
  }

  #tooEarly(lane: Lane, work: Work): boolean {
    const waitMs = work.notBeforeMs - this.#timing.clock.monotonic()
    work.notBeforeMs = 0
    if (waitMs <= 0) return false
    work.notBeforeMs = this.#timing.clock.monotonic() + waitMs
    this.#later(lane, waitMs)
    return true
  }

  /** The lane alone, or everything: false when nothing more can start now. */
  #wait(lane: Lane, waitMs: number): boolean {
    if (waitMs === Infinity) this.#putBack(lane)
    else this.#later(lane, waitMs)
    return waitMs !== Infinity
  }

  /** The lane waits, without a slot. */
  #later(lane: Lane, waitMs: number): void {
    lane.resting = true
    this.#timing.timers.after(waitMs, () => {
      lane.resting = false
      this.offer(lane)
      this.pump()
    })
  }

  // ---- batches: members gather until the batch is full or has waited long enough

  #join(lane: Lane): void {
    const { batchSize, batchWaitMs } = this.#options
    for (let more = true; more;) {
      const work = this.#occupy(lane)
      work.state = 'forming'
      this.#forming.push(work)
      const next = lane.first
      more = next !== undefined && this.#forming.length < batchSize && this.#mayFollow(next)
    }
    if (this.#forming.length >= batchSize) this.#flush()
    else
      this.#cancelForming ??= this.#timing.timers.after(batchWaitMs, () => {
        this.#cancelForming = undefined
        this.#formingDue = true
        this.pump()
      })
  }

  /** Whether the next of the same key may be in the same batch. */
  #mayFollow(next: Work): boolean {
    if (next.single || next.notBeforeMs > 0 || !this.#gate.passable) return false
    if (isSuspect(next)) return false
    return this.#gate.ask(next) === 0
  }

  /** True when a batch was begun, which may have ended already and made room for the next. */
  #flushIfDue(): boolean {
    if (!this.#formingDue || this.#gate.closed || this.#running >= this.#options.concurrency || this.#alone)
      return false
    return this.#flush()
  }

  #flush(): boolean {
    this.#cancelForming?.()
    this.#cancelForming = undefined
    this.#formingDue = false
    let works = this.#forming
    // Those whose claims are outlived stay for the loss of these, which is on the way.
    this.#forming = works.some(this.#isOutlived) ? works.filter(this.#isOutlived) : []
    if (this.#forming.length > 0) works = works.filter((work) => !this.#forming.includes(work))
    const [first] = works
    if (first === undefined) return false
    this.#begin(first, works.slice(1))
    return true
  }
}

function run(work: Work): void {
  work.state = 'running'
  work.claim.enter()
}

function isSuspect({ suspectHandovers, inbound, survived }: Work): boolean {
  const { starts } = inbound
  // Nearly all: neither handed over before nor started.
  if (suspectHandovers <= 0 && starts === 0) return false
  return judgeCrash({ handovers: suspectHandovers, starts, survived }) !== 'innocent'
}
