import type { PlannedFault } from './plan.js'
import type { Random } from './random.js'

/** How an instance stops owning a partition. */
type EpochEnd = 'killed' | 'lost' | 'cut' | 'planned'

/** A stretch of time in which one instance owns a partition. */
export interface Epoch {
  readonly instance: string
  readonly from: number
  to: number
  end: EpochEnd
}

/** Who owns which partition of which group, and the faults that made it so. */
export interface Owners {
  readonly epochs: (group: string, partition: number) => readonly Epoch[]
  readonly faults: readonly PlannedFault[]
  readonly live: readonly string[]
}

/** What the owners are planned for. */
export interface OwnersOptions {
  readonly topic: string
  readonly groups: readonly string[]
  readonly partitions: number
  readonly faultTimes: readonly number[]
}

/** Longest time after a fault in which a handler may take notice of it. */
export const NOTICE_MS = 3

const OUTAGE_MS = 20
const HAPPENINGS = ['killed', 'claim-lost', 'connection-lost', 'handed-over', 'closed', 'drain-expired'] as const

/** Plans three instances that share the partitions through a fault at each of the given times, 60 ms apart at least. */
export function planOwners(random: Random, { topic, groups, partitions, faultTimes }: OwnersOptions): Owners {
  const live = ['a', 'b', 'c']
  const faults: PlannedFault[] = []
  const claims = groups.flatMap((group) =>
    Array.from({ length: partitions }, (_, partition) => ({ group, partition, epochs: [epoch(random.pick(live), 0)] })),
  )
  type Claim = (typeof claims)[number]
  const current = (claim: Claim): Epoch => claim.epochs.at(-1) as Epoch

  function move(claim: Claim, at: number, end: EpochEnd, to: string, from: number): void {
    Object.assign(current(claim), { to: at, end })
    claim.epochs.push(epoch(to, from))
  }

  const offset = Math.floor(random.next() * HAPPENINGS.length)
  faultTimes.forEach((at, index) => {
    // Each of them in turn, so that six faults show every one.
    const kind = HAPPENINGS[(offset + index) % HAPPENINGS.length] as (typeof HAPPENINGS)[number]
    const instance = random.pick(live)
    const owned = claims.filter((claim) => current(claim).instance === instance)
    const resumeAt = at + 2 * NOTICE_MS
    if (kind === 'connection-lost') {
      faults.push({ kind, instance, at }, { kind: 'connection-restored', instance, at: at + OUTAGE_MS })
      for (const claim of owned) move(claim, at, 'cut', instance, at + OUTAGE_MS)
    } else if (kind === 'claim-lost' || kind === 'handed-over') {
      const claim = random.pick(claims)
      const { instance: owner } = current(claim)
      faults.push({ kind, instance: owner, topic, group: claim.group, partition: claim.partition, at })
      const next = random.pick(live.filter((other) => other !== owner))
      move(claim, at, kind === 'claim-lost' ? 'lost' : 'planned', next, resumeAt)
    } else {
      if (kind === 'drain-expired') faults.push({ kind, instance, at })
      faults.push({ kind: kind === 'killed' ? 'killed' : 'closed', instance, at })
      live[live.indexOf(instance)] = `${instance}+`
      const end = kind === 'closed' ? 'planned' : kind === 'killed' ? 'killed' : 'lost'
      for (const claim of owned) move(claim, at, end, random.pick(live), resumeAt)
    }
  })

  return {
    epochs: (group, partition) =>
      claims.find((claim) => claim.group === group && claim.partition === partition)?.epochs ?? [],
    faults,
    live,
  }
}

function epoch(instance: string, from: number): Epoch {
  return { instance, from, to: Number.POSITIVE_INFINITY, end: 'planned' }
}
