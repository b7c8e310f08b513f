import { ClaimState } from '../../../src/consume/claim-state.js'
import type { Lane } from '../../../src/consume/lane.js'
import type { PartitionState } from '../../../src/consume/partition-state.js'
import { Scheduler } from '../../../src/consume/scheduler.js'
import type { MemoryClaim } from '../../../src/memory/claim.js'

/** What was seen of the inside of subscriptions, by the name of their client. */
export interface Insides {
  /** What may never happen, in words. */
  readonly faults: string[]
  /** What is not at rest. Of clients in `dead` nothing is asked; those in `closed` have no timers that would let lanes go. */
  restless(dead: ReadonlySet<string>, closed: ReadonlySet<string>): string[]
  stop(): void
}

const clientOf = (claim: ClaimState): string =>
  (claim.claim as MemoryClaim & { readonly owner: { readonly clientName: string } }).owner.clientName

/** Watches counts that have no public face: busy claims, occupied lanes, running slots. */
export function watchInsides(): Insides {
  const faults: string[] = []
  const claims = new Set<ClaimState>()
  const lanes = new Set<Lane>()
  const partitions = new Map<PartitionState, string>()
  const schedulers = new Map<Scheduler, string>()
  const { enter, leave } = ClaimState.prototype
  const { offer, slotFreed } = Scheduler.prototype

  ClaimState.prototype.enter = function (this: ClaimState): void {
    claims.add(this)
    partitions.set(this.partition, clientOf(this))
    enter.call(this)
  }
  ClaimState.prototype.leave = function (this: ClaimState): void {
    leave.call(this)
    if (this.busy < 0)
      faults.push(`busy count of partition ${this.claim.partition} of ${clientOf(this)} is ${this.busy}`)
  }
  Scheduler.prototype.offer = function (this: Scheduler, lane: Lane): void {
    const first = lane.queue.peek()
    if (first !== undefined) schedulers.set(this, clientOf(first.claim))
    lanes.add(lane)
    if (lane.occupied < 0) faults.push(`lane ${lane.name ?? '(none)'} is occupied ${lane.occupied} times`)
    offer.call(this, lane)
  }
  Scheduler.prototype.slotFreed = function (this: Scheduler, alone: boolean): void {
    slotFreed.call(this, alone)
    if (this.running < 0) faults.push(`${this.running} handlers run`)
  }

  return {
    faults,
    restless: (dead, closed) => {
      const found: string[] = []
      for (const claim of claims) {
        if (dead.has(clientOf(claim))) continue
        if (claim.busy !== 0)
          found.push(`partition ${claim.claim.partition} of ${clientOf(claim)} (${claim.status}) is busy ${claim.busy}`)
        if (claim.works.size > 0)
          found.push(`${claim.works.size} open deliveries in partition ${claim.claim.partition} of ${clientOf(claim)}`)
      }
      for (const [partition, client] of partitions) {
        if (dead.has(client)) continue
        for (const lane of partition.lanes.values()) {
          if (closed.has(client) && lane.resting && lane.occupied === 0 && lane.queue.length === 0) continue
          found.push(
            `lane ${lane.name} of ${client}: occupied ${lane.occupied}, resting ${lane.resting}, ${lane.queue.length} wait`,
          )
        }
      }
      for (const [scheduler, client] of schedulers)
        if (!dead.has(client) && scheduler.running !== 0) found.push(`${scheduler.running} handlers of ${client} run`)
      return found
    },
    stop: () => {
      Object.assign(ClaimState.prototype, { enter, leave })
      Object.assign(Scheduler.prototype, { offer, slotFreed })
    },
  }
}
