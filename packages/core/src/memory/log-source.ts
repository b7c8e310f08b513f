import { PrefixTracker, type PositionRange } from '../kit/prefix-tracker.js'
import { adapterError } from '../spi/adapter-error.js'
import type { Outbound } from '../spi/envelope.js'
import { MemoryDelivery, type MemoryClaim, type Source } from './claim.js'
import { GroupQueue } from './group-queue.js'
import { HandoverCount } from './handover-count.js'
import type { PartitionLog } from './log.js'
import { unsettledEntries } from './queue-source.js'
import type { SourceContext } from './source-context.js'

/** A group may have read so far ahead of its oldest open delivery; more waits, so that what is done ahead stays bounded. */
const LONGEST_SPAN = 65_536

/**
 * One partition of a log as one group reads it: from the watermark, without what was stored as done ahead of it. Beside
 * the log, under the same claim, lies an area with messages for this group alone.
 */
export class LogSource implements Source {
  readonly partition: number
  queued = false
  readonly #context: SourceContext
  readonly #log: PartitionLog
  readonly #area: GroupQueue
  readonly #onStored: () => void
  readonly #failures = new Map<number, number>()
  readonly #starts = new Map<number, number>()
  #claim: MemoryClaim | undefined
  #watermark: number
  #ahead: readonly PositionRange<number>[] = []
  /** What was stored ahead when the claim began, and how far it has been passed. */
  #skip: readonly PositionRange<number>[] = []
  #skipAt = 0
  readonly #handovers = new HandoverCount()
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
      if (!this.#isStoredAhead(at.offset)) records.push(at)
    }
    const handed = this.#claim === undefined ? [] : unsettledEntries(this.#claim)
    return [...records, ...handed.sort((a, b) => a.sequence - b.sequence), ...this.#area.messages()]
  }

  /** How many that is, without looking at each. */
  get backlog(): number {
    let count = this.#log.count(this.#watermark, this.#log.end) + this.#area.length + this.#area.delayed
    for (const { first, last } of this.#ahead) count -= this.#log.count(Math.max(first, this.#watermark), last + 1)
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
    this.#skip = this.#ahead
    this.#skipAt = 0
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
    if (delivery.entry === undefined) delivery.claim.tracker?.done(delivery.handle)
    else delivery.claim.finished.push(delivery.entry)
  }

  store(claim: MemoryClaim): void {
    if (this.#claim !== claim || claim.tracker === undefined) return
    claim.finished = []
    claim.unstored = 0
    const { prefix, ahead } = claim.tracker
    this.#ahead = ahead > 0 ? claim.tracker.aheadRanges() : []
    if (prefix === undefined || prefix < this.#watermark) return
    this.#watermark = prefix + 1
    this.#handovers.forgetBefore(this.#watermark)
    forgetBefore(this.#failures, this.#watermark)
    forgetBefore(this.#starts, this.#watermark)
    this.#onStored()
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
      const { failures, handovers, starts } = entry
      const place = { position: `g${entry.sequence}`, failures, handovers, starts, entry, offset: -1, handle: -1 }
      hand(claim, batch, entry.message, place, nowMs)
    }
  }

  #takeLog(claim: MemoryClaim, batch: MemoryDelivery[], nowMs: number): void {
    const { tracker } = claim
    if (tracker === undefined || !this.#isPositionThere(claim, tracker, nowMs)) return
    for (let record = this.#log.next(claim.cursor); record !== undefined; record = this.#log.next(claim.cursor)) {
      const { offset, message } = record
      if (tracker.open + tracker.ahead >= LONGEST_SPAN) return
      if (this.#isDoneBefore(offset)) {
        tracker.done(tracker.append(offset, nowMs))
      } else {
        if (!claim.hasRoom(message.bytes)) return
        const place = {
          position: String(offset),
          failures: this.#failures.get(offset) ?? 0,
          handovers: this.#handovers.of(offset),
          starts: this.#starts.get(offset) ?? 0,
          entry: undefined,
          offset,
          handle: tracker.append(offset, nowMs),
        }
        hand(claim, batch, message, place, nowMs)
      }
      claim.cursor = offset + 1
    }
  }

  /** Retention may have taken what was to be read next. */
  #isPositionThere(claim: MemoryClaim, tracker: PrefixTracker<number>, nowMs: number): boolean {
    const { start } = this.#log
    const { cursor, owner } = claim
    if (cursor >= start) return true
    const policy = owner.request.onPositionLost
    const target = policy === 'latest' ? this.#log.end : start
    let lost = start - cursor + this.#log.count(start, target)
    for (const { first, last } of this.#ahead) {
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
    claim.cursor = target
    this.store(claim)
    return true
  }

  /** Done ahead of an open delivery by an earlier claim. Offsets are asked for in ascending order. */
  #isDoneBefore(offset: number): boolean {
    let range = this.#skip[this.#skipAt]
    while (range !== undefined && range.last < offset) {
      this.#skipAt += 1
      range = this.#skip[this.#skipAt]
    }
    return range !== undefined && range.first <= offset
  }

  #isStoredAhead(offset: number): boolean {
    return this.#ahead.some(({ first, last }) => first <= offset && offset <= last)
  }
}

function hand(
  claim: MemoryClaim,
  batch: MemoryDelivery[],
  message: Outbound,
  place: ConstructorParameters<typeof MemoryDelivery>[2],
  nowMs: number,
): void {
  const delivery = new MemoryDelivery(claim, message, place, nowMs)
  claim.add(delivery)
  batch.push(delivery)
}

function forgetBefore(records: Map<number, number>, offset: number): void {
  for (const key of records.keys()) if (key < offset) records.delete(key)
}
