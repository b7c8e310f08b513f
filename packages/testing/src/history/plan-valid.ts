import type { HandlerOutcome } from './event.js'
import { NOTICE_MS, planOwners, type Epoch, type Owners } from './plan-owners.js'
import type { Plan, PlannedPublish, PlannedRun } from './plan.js'
import { createRandom, type Random } from './random.js'

/** How large a planned history is. */
export interface PlanOptions {
  /** @default 500 */
  readonly messages?: number
  /** @default 6 */
  readonly keys?: number
  /** @default 6 */
  readonly faults?: number
}

/** A valid plan and who owned what in it. */
export interface ValidPlan {
  readonly plan: Plan
  readonly owners: Owners
}

/** The storage delay with which valid plans are made: check them with at least this `storeMs`. */
export const PLAN_STORE_MS = 10

const GROUPS = ['billing', 'mail'] as const
const PARTITIONS = 3

/** Plans a history in which every promise is kept through kills, lost claims, cuts, hand-overs and closes. */
export function planValid(seed: number, options: PlanOptions = {}): ValidPlan {
  const { messages = 500, keys = 6, faults = 6 } = options
  const random = createRandom(seed)
  const publishes = planPublishes(random, messages, keys)
  const last = publishes.at(-1)?.at ?? 0
  const gap = Math.max(60, last / (faults + 1))
  const faultTimes = Array.from({ length: faults }, (_, index) => (index + 1) * gap)
  const owners = planOwners(random, { topic: 'orders', groups: GROUPS, partitions: PARTITIONS, faultTimes })
  const walks = GROUPS.flatMap((group) =>
    lanesOf(publishes).map((lane, index) => {
      const partition = index % PARTITIONS
      return walk(random, { group, partition, lane, epochs: owners.epochs(group, partition) })
    }),
  )
  const runs = walks.flatMap((done) => done.runs)
  const deadLetters = walks.flatMap((done) => done.deadLetters)
  return { plan: { topic: 'orders', publishes, runs, faults: owners.faults, deadLetters }, owners }
}

function planPublishes(random: Random, messages: number, keys: number): readonly PlannedPublish[] {
  let at = 1
  return Array.from({ length: messages }, (_, index) => {
    at += random.next() * 1.2
    const key = random.chance(0.05) ? null : `k${Math.floor(random.next() * keys)}`
    const result = index % 40 === 7 || random.chance(0.02) ? 'refused' : random.chance(0.04) ? 'uncertain' : 'ok'
    return { id: `m${index}`, key, at, endAt: at + random.next() * 5, result }
  })
}

/** One lane per key, and one per message without a key; an uncertain message is there not at all, once or twice. */
function lanesOf(publishes: readonly PlannedPublish[]): readonly (readonly PlannedPublish[])[] {
  const lanes = new Map<string, PlannedPublish[]>()
  publishes.forEach((publish, index) => {
    if (publish.result === 'refused') return
    const name = publish.key ?? `none ${index}`
    const copies = publish.result === 'ok' ? 1 : index % 3
    lanes.set(name, [...(lanes.get(name) ?? []), ...Array.from({ length: copies }, () => publish)])
  })
  return [...lanes.values()]
}

interface Walk {
  readonly group: string
  readonly partition: number
  readonly lane: readonly PlannedPublish[]
  readonly epochs: readonly Epoch[]
}

/** Lets one lane pass through the owners of its partition, one message after the other, and back to what was unstored. */
function walk(random: Random, { group, partition, lane, epochs }: Walk): Pick<Plan, 'runs' | 'deadLetters'> {
  const runs: PlannedRun[] = []
  const deadLetters: { id: string; group: string; at: number }[] = []
  const doneAt: number[] = []
  let position = 0
  let attempt = 1
  let era = 0
  let time = 0

  function leave(epoch: Epoch): void {
    era++
    if (epoch.end === 'planned') return
    const stored = epoch.to - random.next() * PLAN_STORE_MS
    const first = doneAt.findIndex((done) => done > stored)
    if (first < 0) return
    position = first
    attempt = 1
    doneAt.length = first
  }

  while (position < lane.length) {
    const epoch = epochs[era] as Epoch
    const { id, key, at } = lane[position] as PlannedPublish
    const start = Math.max(time, epoch.from, at) + 0.01 + random.next() * 0.5
    const end = start + 0.01 + random.next() * 6
    if (start >= epoch.to || (epoch.end === 'planned' && end >= epoch.to)) {
      leave(epoch)
      continue
    }
    const caught = end >= epoch.to && epoch.end !== 'cut'
    const outcome: HandlerOutcome = caught ? 'lost' : pickOutcome(random, attempt)
    const endsAt = caught ? (epoch.end === 'killed' ? undefined : epoch.to + random.next() * NOTICE_MS) : end
    const settlements =
      outcome === 'ok' && end < epoch.to && random.chance(0.3) ? [{ settlement: 'acked' as const, at: end }] : []
    const place = { group, partition, instance: epoch.instance }
    runs.push({ id, key, ...place, attempt, start, end: endsAt, outcome, settlements })
    time = endsAt ?? start
    if (outcome === 'ok' || outcome === 'dead-lettered') {
      if (outcome === 'dead-lettered') deadLetters.push({ id, group, at: end })
      doneAt[position] = end
      position++
      attempt = 1
    } else if (outcome === 'failed') attempt++
    if (end >= epoch.to) leave(epoch)
  }
  return { runs, deadLetters }
}

function pickOutcome(random: Random, attempt: number): HandlerOutcome {
  if (random.chance(0.85)) return 'ok'
  return attempt < 3 ? random.pick(['failed', 'given-back', 'retried']) : 'dead-lettered'
}
