import { balance } from '../kit/balance.js'
import type { Cancel } from '../model/clock.js'
import { adapterError, type AdapterError } from '../spi/adapter-error.js'
import { MemoryClaim, type ClaimOwner, type Source } from './claim.js'
import type { QueueTime } from './group-queue.js'

/** One consumer in a group. */
export interface Member extends ClaimOwner {
  /** Unique in the group and growing, so that who came first keeps what two would have. */
  readonly memberId: string
  /** It takes no more claims and is not asked to let go of those it has. */
  readonly leaving: boolean
  /** Tells it about a claim, later. */
  claim(claim: MemoryClaim): void
  /** Asks it to let go, later. It calls {@link Membership.letGo} when it has, with everything stored that it has done. */
  revoke(claims: readonly MemoryClaim[], deadlineMs: number): void
  /** The broker has taken the claim back, for whatever reason. */
  released(claim: MemoryClaim): void
  /** Tells it that claims are gone, later. */
  lose(claims: readonly MemoryClaim[], cause: Error & AdapterError): void
}

/** What the members share. */
export interface MembershipOptions {
  readonly label: string
  /** Whether a partition has one consumer at a time. */
  readonly exclusive: boolean
  readonly holdMs: number
  readonly time: QueueTime
  readonly sources: () => readonly Source[]
  /** The broker has taken a claim back. */
  readonly released: (claim: MemoryClaim) => void
  /** Runs `run` soon. */
  readonly call: (run: () => void) => void
}

/** Past the deadline that a member was given, the broker waits so long before it takes the claims away. */
const REVOKE_GRACE_MS = 5_000

/**
 * Who consumes what in one group. Exclusive: partitions are spread evenly, and one moves only after its owner has let go.
 * Shared: every member has a claim on every partition.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #members = new Map<string, Member>()
  readonly #claims = new Map<Member, Set<MemoryClaim>>()
  readonly #holders = new Map<MemoryClaim, Member>()
  /** Of exclusive partitions. */
  readonly #owners: (MemoryClaim | undefined)[] = []
  /** Targets that an operator chose, until members come or go. */
  readonly #pins = new Map<number, string>()
  readonly #revocations = new Map<MemoryClaim, Cancel>()
  #epoch = 0
  #due = false
  #wholePending = false

  constructor(options: MembershipOptions) {
    this.#options = options
  }

  get members(): readonly Member[] {
    return [...this.#members.values()]
  }

  ownerOf(partition: number): Member | undefined {
    const claim = this.#owners[partition]
    return claim === undefined ? undefined : this.#holders.get(claim)
  }

  /** Claims that the broker has not taken back. */
  get claims(): readonly MemoryClaim[] {
    return [...this.#holders.keys()]
  }

  join(member: Member): void {
    this.#members.set(member.memberId, member)
    this.#claims.set(member, new Set())
    this.changed()
  }

  /** Whatever the member has is free from now on; what is not stored comes again. */
  leave(member: Member): void {
    if (!this.#members.delete(member.memberId)) return
    for (const claim of this.#claims.get(member) ?? []) this.#release(claim)
    this.#claims.delete(member)
    this.changed()
  }

  /** Members or partitions have changed: the shares are computed anew. */
  changed(): void {
    this.#pins.clear()
    this.#schedule(true)
  }

  /** A member has let go of claims. */
  letGo(claims: readonly MemoryClaim[]): void {
    for (const claim of claims) this.#release(claim)
    this.#schedule(false)
  }

  /** The broker takes claims away. */
  takeAway(claims: readonly MemoryClaim[], cause: Error & AdapterError): void {
    const byMember = new Map<Member, MemoryClaim[]>()
    for (const claim of claims) {
      const member = this.#holders.get(claim)
      if (member === undefined) continue
      this.#release(claim)
      byMember.set(member, [...(byMember.get(member) ?? []), claim])
    }
    for (const [member, gone] of byMember) member.lose(gone, cause)
    this.#schedule(false)
  }

  /** A planned hand-over of one partition; false when there is nobody to take it, or nobody to take it from. */
  handOver(partition: number, clientName: string, deadlineMs: number): boolean {
    const claim = this.#owners[partition]
    const target = this.members.find((member) => member.clientName === clientName && !member.leaving)
    const holder = this.ownerOf(partition)
    if (claim === undefined || holder === undefined || target === undefined || holder === target) return false
    if (claim.revoking) return false
    this.#pins.set(partition, target.memberId)
    this.#revoke(holder, [claim], deadlineMs)
    return true
  }

  #schedule(whole: boolean): void {
    this.#wholePending ||= whole
    if (this.#due) return
    this.#due = true
    this.#options.call(() => {
      this.#due = false
      const rebalance = this.#wholePending
      this.#wholePending = false
      if (this.#options.exclusive) this.#assign(rebalance)
      else this.#shareAll()
    })
  }

  #shareAll(): void {
    for (const [member, claims] of this.#claims) {
      if (member.leaving) continue
      const taken = new Set([...claims].map((claim) => claim.partition))
      for (const source of this.#options.sources()) if (!taken.has(source.partition)) this.#grant(member, source)
    }
  }

  #assign(rebalance: boolean): void {
    const sources = this.#options.sources()
    const view = this.members.map((member) => ({
      id: member.memberId,
      leaving: member.leaving,
      owned: [...(this.#claims.get(member) ?? [])].map((claim) => claim.partition),
    }))
    const shares = balance({ partitions: sources.length, members: view })
    for (const member of this.#members.values()) {
      if (member.leaving) continue
      const share = new Set(shares.get(member.memberId))
      if (rebalance) {
        const surplus = [...(this.#claims.get(member) ?? [])].filter(
          (claim) => !share.has(claim.partition) && !claim.revoking && this.#owners[claim.partition] === claim,
        )
        if (surplus.length > 0) this.#revoke(member, surplus, member.request.drainMs)
      }
      for (const source of sources) {
        if (this.#owners[source.partition] !== undefined) continue
        const pinned = this.#pins.get(source.partition)
        const mine =
          pinned === undefined || !this.#members.has(pinned) ? share.has(source.partition) : pinned === member.memberId
        if (mine) this.#owners[source.partition] = this.#grant(member, source)
      }
    }
  }

  #grant(member: Member, source: Source): MemoryClaim {
    this.#epoch += 1
    const { exclusive, holdMs } = this.#options
    const claim = new MemoryClaim(member, source, this.#epoch, exclusive, holdMs)
    this.#claims.get(member)?.add(claim)
    this.#holders.set(claim, member)
    source.attach(claim)
    member.claim(claim)
    return claim
  }

  #revoke(member: Member, claims: readonly MemoryClaim[], deadlineMs: number): void {
    const cause = adapterError('TIMEOUT', `${this.#options.label}: a hand-over was not finished in time`, {
      scope: 'group',
      retryable: true,
    })
    const fence = this.#options.time.timers.after(deadlineMs + REVOKE_GRACE_MS, () => {
      this.takeAway(claims, cause)
    })
    const open = new Set(claims)
    for (const claim of claims) {
      claim.revoking = true
      this.#revocations.set(claim, () => {
        open.delete(claim)
        if (open.size === 0) fence()
      })
    }
    member.revoke(claims, deadlineMs)
  }

  #release(claim: MemoryClaim): void {
    const member = this.#holders.get(claim)
    if (member === undefined) return
    this.#holders.delete(claim)
    claim.released = true
    this.#revocations.get(claim)?.()
    this.#revocations.delete(claim)
    claim.source.detach(claim)
    this.#claims.get(member)?.delete(claim)
    if (this.#owners[claim.partition] === claim) this.#owners[claim.partition] = undefined
    this.#options.released(claim)
    member.released(claim)
  }
}
