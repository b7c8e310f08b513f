import type { Outbound } from '../spi/envelope.js'
import { MemoryDelivery, type MemoryClaim, type Source } from './claim.js'
import { GroupQueue, type Entry } from './group-queue.js'
import type { SourceContext } from './source-context.js'

/**
 * One queue of one group. A message is gone when its end is stored; what comes back goes to its old place, before
 * everything that was never handed over, and has one hand-over more.
 */
export class QueueSource implements Source {
  readonly partition: number
  readonly numbered = false
  queued = false
  readonly #context: SourceContext
  readonly #queue: GroupQueue
  readonly #claims: MemoryClaim[] = []
  #turn = 0

  constructor(partition: number, context: SourceContext) {
    this.partition = partition
    this.#context = context
    this.#queue = new GroupQueue(context)
  }

  get ready(): number {
    return this.#queue.length
  }

  get delayed(): number {
    return this.#queue.delayed
  }

  /** Handed over, and not known as done. */
  get unsettled(): number {
    let count = 0
    for (const claim of this.#claims) count += claim.open + claim.finished.length + claim.returning.size
    return count
  }

  /** Everything that is not settled, in order, delayed ones last. */
  messages(): readonly { readonly message: Outbound; readonly atMs: number }[] {
    const handed = this.#claims.flatMap(unsettledEntries).sort((a, b) => a.sequence - b.sequence)
    return [...handed, ...this.#queue.messages()]
  }

  add(message: Outbound, atMs: number, delayMs: number): void {
    if (delayMs > 0) this.#queue.pushLater(message, atMs, delayMs)
    else {
      this.#queue.push(message, atMs)
      if (this.#claims.length > 0) this.#context.wake(this)
    }
  }

  attach(claim: MemoryClaim): void {
    this.#claims.push(claim)
    this.#queue.watch(() => this.#context.wake(this))
  }

  detach(claim: MemoryClaim): void {
    const index = this.#claims.indexOf(claim)
    if (index < 0) return
    this.#claims.splice(index, 1)
    const back = unsettledEntries(claim)
    for (const entry of back) entry.handovers += 1
    this.#queue.putBack(back)
    if (this.#claims.length === 0) this.#queue.watch(undefined)
    else this.#context.wake(this)
  }

  done(delivery: MemoryDelivery): void {
    if (delivery.entry !== undefined) delivery.claim.finished.push(delivery.entry)
  }

  store(claim: MemoryClaim): void {
    const { settled } = this.#context
    if (settled !== undefined) for (const { message } of claim.finished) settled(claim, message)
    claim.finished = []
    claim.unstored = 0
  }

  returning({ claim, entry }: MemoryDelivery): void {
    if (entry !== undefined) claim.returning.add(entry)
  }

  giveBack({ claim, entry }: MemoryDelivery): void {
    if (entry === undefined || !claim.returning.delete(entry)) return
    entry.handovers += 1
    this.#queue.putBack([entry])
    this.#context.wake(this)
  }

  recordFailures(delivery: MemoryDelivery, failures: number): void {
    if (delivery.entry !== undefined) delivery.entry.failures = failures
  }

  recordStarts(delivery: MemoryDelivery, starts: number): void {
    if (delivery.entry !== undefined) delivery.entry.starts = starts
  }

  fill(): number {
    this.#queue.promote()
    if (this.#queue.length === 0) return 0
    const claims = this.#claims.filter((claim) => claim.usable)
    const nowMs = this.#context.clock.monotonic()
    const [only] = claims
    if (only === undefined) return 0
    return claims.length === 1 ? this.#fillOne(only, nowMs) : this.#fillInTurn(claims, nowMs)
  }

  #fillOne(claim: MemoryClaim, nowMs: number): number {
    const batch: MemoryDelivery[] = []
    for (let entry = this.#queue.peek(); entry !== undefined; entry = this.#queue.peek()) {
      if (!claim.hasRoom(entry.message.bytes)) break
      this.#queue.shift()
      batch.push(hand(claim, entry, nowMs))
    }
    this.#deliver(claim, batch)
    return batch.length
  }

  /** One message each in turn, so that several consumers share the work evenly. */
  #fillInTurn(claims: readonly MemoryClaim[], nowMs: number): number {
    const batches = new Map<MemoryClaim, MemoryDelivery[]>()
    let count = 0
    let full = 0
    for (let entry = this.#queue.peek(); entry !== undefined && full < claims.length; entry = this.#queue.peek()) {
      const claim = claims[this.#turn % claims.length]
      this.#turn += 1
      if (claim === undefined || !claim.hasRoom(entry.message.bytes)) {
        full += 1
        continue
      }
      full = 0
      this.#queue.shift()
      const batch = batches.get(claim) ?? []
      batches.set(claim, batch)
      batch.push(hand(claim, entry, nowMs))
      count += 1
    }
    for (const [claim, batch] of batches) this.#deliver(claim, batch)
    return count
  }

  #deliver(claim: MemoryClaim, batch: readonly MemoryDelivery[]): void {
    if (batch.length === 0) return
    this.#context.handed(claim)
    claim.owner.deliver(claim, batch)
  }
}

function hand(claim: MemoryClaim, entry: Entry, nowMs: number): MemoryDelivery {
  const delivery = new MemoryDelivery(claim, entry.message, entry, nowMs)
  delivery.entry = entry
  claim.add(delivery)
  return delivery
}

/** What a claim was handed and the broker does not know as done. */
export function unsettledEntries(claim: MemoryClaim): Entry[] {
  const entries = [...claim.finished, ...claim.returning]
  for (const delivery of claim.deliveries()) if (delivery.entry !== undefined) entries.push(delivery.entry)
  return entries
}
