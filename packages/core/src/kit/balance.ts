/** One member of a group, as it announced itself. */
export interface BalanceMember {
  /** Unique inside the view. */
  readonly id: string
  /** Partitions that it consumes now. What does not exist is ignored. */
  readonly owned: readonly number[]
  /** It gets nothing any more, and what it owned goes to the others. @default false */
  readonly leaving?: boolean | undefined
}

export interface BalanceView {
  readonly partitions: number
  readonly members: readonly BalanceMember[]
}

/**
 * Who should consume what: one entry per member, partitions ascending. Every partition goes to exactly one member that
 * stays, shares differ by at most one, and as few partitions move as these two rules allow. The result depends on the view
 * alone and not on its order, so that all members can compute it apart and agree.
 *
 * It is the goal, not the moment: a partition is taken only when nobody in the view owns it any more.
 */
export function balance(view: BalanceView): ReadonlyMap<string, readonly number[]> {
  const shares = new Map<string, readonly number[]>(view.members.map((member) => [member.id, []]))
  const staying = view.members
    .filter((member) => member.leaving !== true)
    .map((member) => ({ id: member.id, claimed: member.owned, owned: 0, quota: 0, share: new Array<number>() }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  if (staying.length === 0) return shares

  type Seat = (typeof staying)[number]
  const owners = new Map<number, Seat>()
  for (const seat of staying) {
    for (const partition of seat.claimed) {
      // Of two claimants the smaller id keeps: it came first.
      if (!isPartition(partition, view.partitions) || owners.has(partition)) continue
      owners.set(partition, seat)
      seat.owned += 1
    }
  }

  // Those who own most get the larger quotas: they would have to give up most.
  const smaller = Math.floor(view.partitions / staying.length)
  const larger = view.partitions % staying.length
  const byOwned = staying.toSorted((a, b) => b.owned - a.owned)
  for (const [rank, seat] of byOwned.entries()) seat.quota = rank < larger ? smaller + 1 : smaller

  const free: number[] = []
  for (let partition = 0; partition < view.partitions; partition += 1) {
    const owner = owners.get(partition)
    if (owner !== undefined && owner.share.length < owner.quota) owner.share.push(partition)
    else free.push(partition)
  }
  let given = 0
  for (const seat of staying) {
    const wanted = seat.quota - seat.share.length
    const share = [...seat.share, ...free.slice(given, given + wanted)].toSorted((a, b) => a - b)
    given += wanted
    shares.set(seat.id, share)
  }
  return shares
}

function isPartition(value: number, partitions: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < partitions
}
