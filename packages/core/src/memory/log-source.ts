import { PrefixTracker } from '../kit/prefix-tracker.js'
import { adapterError } from '../spi/adapter-error.js'
import type { Outbound } from '../spi/envelope.js'
import { MemoryDelivery, type MemoryClaim, type Past, type Source } from './claim.js'
import { DoneAhead } from './done-ahead.js'
import { GroupQueue } from './group-queue.js'
import { HandoverCount } from './handover-count.js'
import type { PartitionLog } from './log.js'
import { unsettledEntries } from './queue-source.js'
import type { SourceContext } from './source-context.js'

/** A group may have read so far ahead of its oldest open delivery; more waits, so that what is done ahead stays bounded. */
const LONGEST_SPAN = 65_536

const noPast: Past = Object.freeze({ failures: 0, handovers: 0, starts: 0 })

/**
 * One partition of a log as one group reads it: from the watermark, without what was stored as done ahead of it. Beside
 * the log, under the same claim, lies an area with messages for this group alone.
 */
export class LogSource implements Source {
  readonly partition: number
  readonly numbered = true
  queued = false
  readonly #context: SourceContext
  readonly #log: PartitionLog
  readonly #area: GroupQueue
  readonly #onStored: () => void
  readonly #failures = new Map<number, number>()
  readonly #starts = new Map<number, number>()
  #claim: MemoryClaim | undefined
  #watermark: number
  /** What is stored as done behind the watermark, by this claim or by those before it. */
  readonly #ahead = new DoneAhead()
  readonly #handovers = new HandoverCount()
  /** What was told as settled ahead of the watermark, while somebody listens. */
  readonly #told = new Set<number>()
  #stopped = false

  constructor(partition: number, log: PartitionLog, start: number, context: SourceContext, onStored: () => void) {
    this.partition = partition
    this.#log = log
    this.#watermark = start
    this.#context = context
    this.#area = new GroupQueue(context)
    this.#onStored = onStored
  }

  /** Everything before it is settled. */
  get watermark(): number {
    return this.#watermark
  }

  /** What is stored as done from `from` to `end` (exclusive), as runs. */
  *doneBetween(from: number, end: number): Generator<{ readonly first: number; readonly last: number }> {
    if (this.#watermark > from) yield { first: from, last: Math.min(this.#watermark, end) - 1 }
    for (const { first, last } of this.#ahead.runsFrom(from)) {
      if (first >= end) return
      yield { first: Math.max(first, from), last: Math.min(last, end - 1) }
    }
  }

  /** Behind the last that is stored as done. */
  get doneEnd(): number {
    const last = this.#ahead.runs.at(-1)
    return last === undefined ? this.#watermark : last.last + 1
  }

  /** Stored as done: it is never handed out again. */
  isDone(offset: number): boolean {
    return offset < this.#watermark || this.#ahead.has(offset)
  }

  get ready(): number {
    if (this.#claim === undefined) return 0
    return this.#log.end - this.#claim.cursor + this.#area.length
  }

  get delayed(): number {
    return this.#area.delayed
  }

  /** Handed over, and not known as done. */
  get unsettled(): number {
    return this.#claim === undefined ? 0 : this.#claim.open + this.#claim.unstored
  }

  /** Everything that is not settled, in order, with the group's own messages last. */
  messages(): readonly { readonly message: Outbound; readonly atMs: number }[] {
    const records: { readonly message: Outbound; readonly atMs: number }[] = []
    for (let at = this.#log.next(this.#watermark); at !== undefined; at = this.#log.next(at.offset + 1)) {
      if (!this.#ahead.has(at.offset)) records.push(at)
    }
    const handed = this.#claim === undefined ? [] : unsettledEntries(this.#claim)
    return [...records, ...handed.sort((a, b) => a.sequence - b.sequence), ...this.#area.messages()]
  }

  /** How many that is, without looking at each. */
  get backlog(): number {
    let count = this.#log.count(this.#watermark, this.#log.end) + this.#area.length + this.#area.delayed
    for (const { first, last } of this.#ahead.runs) count -= this.#log.count(first, last + 1)
    return this.#claim === undefined ? count : count + unsettledEntries(this.#claim).length
  }

  add(message: Outbound, atMs: number, delayMs: number): void {
    if (delayMs > 0) this.#area.pushLater(message, atMs, delayMs)
    else {
      this.#area.push(message, atMs)
      this.appended()
    }
  }

  /** The log has grown. */
  appended(): void {
    if (this.#claim !== undefined) this.#context.wake(this)
  }

  attach(claim: MemoryClaim): void {
    claim.tracker = new PrefixTracker<number>()
    claim.cursor = this.#watermark
    this.#claim = claim
    this.#stopped = false
    this.#area.watch(() => this.#context.wake(this))
  }

  detach(claim: MemoryClaim): void {
    if (this.#claim !== claim) return
    this.#handovers.add(this.#watermark, claim.cursor)
    const back = unsettledEntries(claim)
    for (const entry of back) entry.handovers += 1
    this.#area.putBack(back)
    this.#area.watch(undefined)
    this.#claim = undefined
  }

  done(delivery: MemoryDelivery): void {
    const { claim, entry, offset, handle } = delivery
    if (entry !== undefined) claim.finished.push(entry)
    else if (claim.tracker?.done(handle) === false) claim.finishedAhead.push(offset)
  }

  store(claim: MemoryClaim): void {
    if (this.#claim !== claim || claim.tracker === undefined) return
    const { settled } = this.#context
    if (settled !== undefined) for (const { message } of claim.finished) settled(claim, message)
    claim.finished = []
    claim.unstored = 0
    const { prefix = -1 } = claim.tracker
    for (const offset of claim.finishedAhead) if (offset > prefix) this.#ahead.add(offset)
    claim.finishedAhead = []
    this.#ahead.forgetBefore(prefix + 1)
    if (settled !== undefined) this.#tell(claim, prefix, settled)
    if (prefix >= this.#watermark) {
      this.#watermark = prefix + 1
      this.#handovers.forgetBefore(this.#watermark)
      forgetBefore(this.#failures, this.#watermark)
      forgetBefore(this.#starts, this.#watermark)
    }
    this.#onStored()
  }

  #tell(claim: MemoryClaim, prefix: number, settled: NonNullable<SourceContext['settled']>): void {
    const tell = (first: number, last: number): void => {
      for (
        let next = this.#log.next(first);
        next !== undefined && next.offset <= last;
        next = this.#log.next(next.offset + 1)
      ) {
        if (!this.#told.has(next.offset)) settled(claim, next.message)
        this.#told.add(next.offset)
      }
    }
    tell(this.#watermark, prefix)
    for (const { first, last } of this.#ahead.runs) tell(first, last)
    for (const offset of this.#told) if (offset <= prefix) this.#told.delete(offset)
  }

  // A log has no way to take back one message, and its claims are exclusive: core rewinds them instead.
  returning(): void {}
  giveBack(): void {}

  recordFailures(delivery: MemoryDelivery, failures: number): void {
    if (delivery.entry === undefined) this.#failures.set(delivery.offset, failures)
    else delivery.entry.failures = failures
  }

  recordStarts(delivery: MemoryDelivery, starts: number): void {
    if (delivery.entry !== undefined) delivery.entry.starts = starts
    else if (starts === 0) this.#starts.delete(delivery.offset)
    else this.#starts.set(delivery.offset, starts)
  }

  fill(): number {
    const claim = this.#claim
    if (claim === undefined || !claim.usable || this.#stopped) return 0
    this.#area.promote()
    const nowMs = this.#context.clock.monotonic()
    const batch: MemoryDelivery[] = []
    // Half of the room for either, so that neither a flood of new messages nor one of redriven ones keeps out the other.
    const share = Math.ceil((claim.owner.request.window.messages - claim.open) / 2)
    this.#takeArea(claim, batch, share, nowMs)
    this.#takeLog(claim, batch, nowMs)
    this.#takeArea(claim, batch, Infinity, nowMs)
    if (batch.length > 0) {
      this.#context.handed(claim)
      claim.owner.deliver(claim, batch)
    }
    return batch.length
  }

  #takeArea(claim: MemoryClaim, batch: MemoryDelivery[], most: number, nowMs: number): void {
    for (let taken = 0; taken < most; taken += 1) {
      const entry = this.#area.peek()
      if (entry === undefined || !claim.hasRoom(entry.message.bytes)) return
      this.#area.shift()
      const delivery = new MemoryDelivery(claim, entry.message, entry, nowMs)
      delivery.entry = entry
      claim.add(delivery)
      batch.push(delivery)
    }
  }

  #takeLog(claim: MemoryClaim, batch: MemoryDelivery[], nowMs: number): void {
    const { tracker } = claim
    if (tracker === undefined || !this.#isPositionThere(claim, tracker, nowMs)) return
    for (let record = this.#log.next(claim.cursor); record !== undefined; record = this.#log.next(claim.cursor)) {
      const { offset, message } = record
      if (tracker.open + tracker.ahead >= LONGEST_SPAN) return
      if (this.#ahead.has(offset)) {
        tracker.done(tracker.append(offset, nowMs))
      } else {
        if (!claim.hasRoom(message.bytes)) return
        const delivery = new MemoryDelivery(claim, message, this.#pastOf(offset), nowMs)
        delivery.offset = offset
        delivery.handle = tracker.append(offset, nowMs)
        claim.add(delivery)
        batch.push(delivery)
      }
      claim.cursor = offset + 1
    }
  }

  #pastOf(offset: number): Past {
    const handovers = this.#handovers.of(offset)
    const failures = this.#failures.size === 0 ? 0 : (this.#failures.get(offset) ?? 0)
    const starts = this.#starts.size === 0 ? 0 : (this.#starts.get(offset) ?? 0)
    return handovers === 0 && failures === 0 && starts === 0 ? noPast : { failures, handovers, starts }
  }

  /** Retention may have taken what was to be read next. */
  #isPositionThere(claim: MemoryClaim, tracker: PrefixTracker<number>, nowMs: number): boolean {
    const { start } = this.#log
    const { cursor, owner } = claim
    if (cursor >= start) return true
    const policy = owner.request.onPositionLost
    const target = policy === 'latest' ? this.#log.end : start
    let lost = start - cursor + this.#log.count(start, target)
    for (const { first, last } of this.#ahead.runs) {
      lost -= Math.max(0, Math.min(last + 1, target) - Math.max(first, cursor))
    }
    const where = `${owner.request.group.topic}.${owner.request.group.group} partition ${this.partition}`
    if (lost > 0) {
      const text = `${where}: position ${cursor} is gone, the log begins at ${start}; ${lost} messages are lost to this group`
      if (policy === 'fail') {
        this.#stopped = true
        owner.failed(adapterError('POSITION_LOST', text, { scope: 'group' }))
        return false
      }
      owner.noticed({ kind: 'position-lost', text: `${text}; reading goes on at ${target}`, count: lost })
    }
    // As if it were done up to there, or a successor would jump again and pass over what came meanwhile.
    tracker.done(tracker.append(target - 1, nowMs))
    claim.finishedAhead.push(target - 1)
    claim.cursor = target
    this.store(claim)
    return true
  }
}

function forgetBefore(records: Map<number, number>, offset: number): void {
  for (const key of records.keys()) if (key < offset) records.delete(key)
}
