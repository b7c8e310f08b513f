import { PLAN_STORE_MS, planValid, type PlanOptions, type ValidPlan } from './plan-valid.js'
import { endOf, recordPlan, type Plan, type PlannedCopy, type PlannedRun } from './plan.js'
import { createRandom, type Random } from './random.js'
import type { ViolationKind } from './report.js'
import type { History } from './table.js'

/** A history with one known guilt. */
export interface Planted {
  readonly history: History
  readonly kind: ViolationKind
  /** The guilty message. */
  readonly id: string
}

/** A valid history: the checker finds nothing in it with `storeMs: PLAN_STORE_MS`. */
export function validHistory(seed: number, options: PlanOptions = {}): History {
  return recordPlan(planValid(seed, options).plan)
}

/** A valid history with one violation of this kind planted into it. Throws RangeError when the plan has no place for it. */
export function plant(kind: ViolationKind, seed: number, options: PlanOptions = {}): Planted {
  const valid = planValid(seed, options)
  const { plan, id } = SEEDLINGS[kind](valid, createRandom(seed + 1))
  return { history: recordPlan(plan), kind, id }
}

interface Seedling {
  readonly plan: Plan
  readonly id: string
}

const SEEDLINGS: Readonly<Record<ViolationKind, (valid: ValidPlan, random: Random) => Seedling>> = {
  lost({ plan }, random) {
    const { id, group } = random.pick(quietRuns(plan))
    const others = (entry: { readonly id: string; readonly group: string }): boolean =>
      entry.id !== id || entry.group !== group
    return { plan: { ...plan, runs: plan.runs.filter(others), deadLetters: plan.deadLetters.filter(others) }, id }
  },
  phantom(valid, random) {
    const { plan } = valid
    const { id, key } = random.pick(plan.publishes.filter(({ result }) => result === 'refused'))
    return { plan: addRun(plan, { ...lastRun(valid), id, key }), id }
  },
  duplicated(valid, random) {
    const { id, key, group } = random.pick(quietRuns(valid.plan))
    return { plan: addRun(valid.plan, { ...lastRun(valid), id, key, group }), id }
  },
  'out-of-order'({ plan }, random) {
    const pair = random.pick(neighbours(plan).filter(([first, second]) => publishedAt(plan, second) < first.start))
    const [first, second] = pair
    const swapped = plan.runs.map((run) =>
      run === first ? { ...run, id: second.id } : run === second ? { ...run, id: first.id } : run,
    )
    return { plan: { ...plan, runs: swapped }, id: second.id }
  },
  overlapping({ plan }, random) {
    const [first, second] = random.pick(neighbours(plan))
    const end = (second.start + (second.end as number)) / 2
    return { plan: changeRun(plan, first, { end, settlements: [] }), id: second.id }
  },
  'overlapping-message'({ plan }, random) {
    const run = random.pick(quietRuns(plan))
    const end = run.end as number
    const inside = { start: run.start + (end - run.start) / 3, end: end - (end - run.start) / 3, settlements: [] }
    return { plan: addRun(plan, { ...run, ...inside, instance: 'elsewhere' }), id: run.id }
  },
  'settled-twice'({ plan }, random) {
    const run = random.pick(quietRuns(plan))
    const at = run.end as number
    const settlements = [
      { settlement: 'acked' as const, at },
      { settlement: 'acked' as const, at },
    ]
    return { plan: changeRun(plan, run, { settlements }), id: run.id }
  },
  'after-stop'(valid, random) {
    const { plan, owners } = valid
    const closed = plan.faults.filter(({ kind }) => kind === 'closed').map(({ instance }) => instance as string)
    const instance = random.pick(closed)
    const id = 'late'
    const at = endOf(plan)
    const publishes = [...plan.publishes, { id, key: null, at, endAt: at + 1, result: 'ok' as const }]
    const run = { ...lastRun({ plan: { ...plan, publishes }, owners }), id }
    const withMessage = addRun({ ...plan, publishes }, { ...run, group: 'mail' })
    return { plan: addRun(withMessage, { ...run, instance }), id }
  },
  'confirmed-early'({ plan }, random) {
    const { id, endAt } = random.pick(plan.publishes.filter(({ result }) => result === 'ok'))
    const copies = plannedCopies(plan).map((copy) =>
      copy.id === id ? { ...copy, at: Math.max(copy.at, endAt + 1) } : copy,
    )
    return { plan: { ...plan, copies }, id }
  },
  'settled-early'({ plan }, random) {
    const { id, group, start } = random.pick(quietRuns(plan))
    return { plan: { ...plan, copies: plannedCopies(plan), settles: [{ id, group, at: start }] }, id }
  },
}

/** What a watched broker would have stored: of what is uncertain nothing, one copy or two, as the plan of valid histories has it. */
function plannedCopies({ publishes, runs }: Plan): readonly PlannedCopy[] {
  const messages = publishes.flatMap(({ id, at, result }, index) =>
    Array.from({ length: result === 'ok' ? 1 : result === 'uncertain' ? index % 3 : 0 }, () => ({ id, at })),
  )
  const letters = runs.flatMap(({ id, group, instance, outcome, end }) =>
    outcome === 'dead-lettered' && end !== undefined ? [{ id, at: end, letter: { group, instance } }] : [],
  )
  return [...messages, ...letters]
}

function addRun(plan: Plan, run: PlannedRun): Plan {
  return { ...plan, runs: [...plan.runs, run] }
}

function changeRun(plan: Plan, run: PlannedRun, change: Partial<PlannedRun>): Plan {
  return { ...plan, runs: plan.runs.map((other) => (other === run ? { ...run, ...change } : other)) }
}

/** A run after everything else, on an instance that still lives. */
function lastRun({ plan, owners }: ValidPlan): PlannedRun {
  const start = endOf(plan)
  const run = { id: '', key: null, group: 'billing', partition: 0, attempt: 1, settlements: [], outcome: 'ok' } as const
  return { ...run, instance: owners.live[0] as string, start, end: start + 1 }
}

/** The only run of a confirmed message in its group, ended ok, with no fault anywhere near it. */
function quietRuns(plan: Plan): readonly PlannedRun[] {
  const confirmed = new Set(plan.publishes.filter(({ result }) => result === 'ok').map(({ id }) => id))
  const times = new Map<string, number>()
  for (const { group, id } of plan.runs) times.set(`${group} ${id}`, (times.get(`${group} ${id}`) ?? 0) + 1)
  return plan.runs.filter(({ group, id, outcome, start, end = start }) => {
    if (outcome !== 'ok' || !confirmed.has(id) || times.get(`${group} ${id}`) !== 1) return false
    return !plan.faults.some(({ at }) => at > start - 2 * PLAN_STORE_MS && at < end + 2 * PLAN_STORE_MS)
  })
}

/** Quiet runs that follow each other on one key and one instance. */
function neighbours(plan: Plan): readonly (readonly [PlannedRun, PlannedRun])[] {
  const quiet = new Set(quietRuns(plan))
  const ordered = plan.runs.filter(({ key }) => key !== null).sort((a, b) => a.start - b.start)
  const last = new Map<string, PlannedRun>()
  const pairs: (readonly [PlannedRun, PlannedRun])[] = []
  for (const run of ordered) {
    const lane = `${run.group} ${run.key}`
    const before = last.get(lane)
    last.set(lane, run)
    if (before === undefined || before.instance !== run.instance) continue
    if (quiet.has(before) && quiet.has(run)) pairs.push([before, run])
  }
  return pairs
}

function publishedAt(plan: Plan, run: PlannedRun): number {
  return plan.publishes.find(({ id }) => id === run.id)?.at ?? Number.POSITIVE_INFINITY
}
