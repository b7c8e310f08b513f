import { createMessaging, type Messaging } from '@sluice/core'
import { connections } from './connections.js'
import { Crew } from './crew/crew.js'
import type { WorkerProcess } from './crew/worker-process.js'
import { listDeadLetters } from './dead-letters.js'
import { Facts } from './facts.js'
import type { HistorySource, SeenLetter } from './history/read-histories.js'
import { gapMs, Pace } from './pace.js'
import { performFault, type Performed, type PerformContext } from './perform-fault.js'
import type { Planned } from './schedule.js'
import type { Target } from './target.js'
import { groups, orders, side } from './topics.js'

export interface RunPlan {
  readonly adapter: string
  readonly messages: number
  readonly schedule: readonly Planned[]
  /** Bundle of the processes of the crew. */
  readonly program: string
  /** Where their histories go. */
  readonly folder: string
  readonly print: (line: string) => void
}

/** Everything that a run leaves to be judged. */
export interface Recorded {
  readonly histories: readonly HistorySource[]
  readonly facts: Facts
  readonly letters: readonly SeenLetter[]
  readonly performed: readonly Performed[]
  /** What went wrong beside what histories show. */
  readonly problems: readonly string[]
}

const consumers = 4
/** One of the publishers is patient, the other one gives up: its publishes end as uncertain, or unsent, in the longer faults. */
const publishTimeouts = [90_000, 12_000] as const
const inFlight = 1_500
const warmUpMs = 30_000
const answerLimitMs = 180_000
/** So long nothing has to move before what is left counts as lost. */
const stillLimitMs = 30_000

/** Traffic, faults in the middle of it, and then peace until everything has come to its end. */
export async function chaosRun(plan: RunPlan, target: Target): Promise<Recorded> {
  const { print } = plan
  const facts = new Facts()
  const problems: string[] = []
  const problem = (text: string): void => {
    problems.push(text)
    print(`  PROBLEM ${text}`)
  }
  const another = (): Promise<Messaging> => watch(plan.adapter, target.connection)
  const watcher = await another()
  const crew = new Crew({ ...plan, connection: target.connection, facts, problem })
  try {
    await watcher.provision(topicsWithGroups())
    await target.provisioned()
    await Promise.all(Array.from({ length: consumers }, () => crew.startConsumer()))
    const publishers = await startPublishers(crew, plan.messages)
    const scene = { crew, facts, heartbeatMs: target.heartbeatMs, watcher, another, problem }
    const context: PerformContext = { scene, performed: [], print }
    await performAll(plan, context, publishers)
    await comeToAnEnd(crew, target, publishers, problem)
    const letters = await listDeadLetters(watcher)
    await crew.stopAll()
    return { histories: crew.histories, facts, letters, performed: context.performed, problems }
  } finally {
    await crew.killAll()
    await watcher.close()
  }
}

function watch(adapter: string, connection: unknown): Promise<Messaging> {
  const connect = connections[adapter]
  if (connect === undefined) throw new Error(`Chaos knows no adapter ${adapter}`)
  return createMessaging({ adapter: connect(connection), clientName: 'watcher' })
}

function topicsWithGroups() {
  const of = (topic: string) => groups.filter((one) => one.topic === topic).map(({ group }) => group)
  return [orders, side].map((topic) => ({ topic, groups: of(topic.name) }))
}

function startPublishers(crew: Crew, messages: number): Promise<readonly WorkerProcess[]> {
  const count = publishTimeouts.length
  return Promise.all(
    publishTimeouts.map((publishTimeoutMs, index) => {
      const share = Math.floor(messages / count) + (index < messages % count ? 1 : 0)
      return crew.startPublisher({ kind: 'publisher', messages: share, publishTimeoutMs, inFlight })
    }),
  )
}

async function performAll(
  { messages, schedule, print }: RunPlan,
  context: PerformContext,
  publishers: readonly WorkerProcess[],
): Promise<void> {
  const { crew, problem } = context.scene
  const gap = gapMs(messages, schedule)
  const pace = new Pace(messages, schedule, gap, performance.now())
  const adjust = (over: number): void => {
    setRates(publishers, pace.perSecond(crew.count().publishes, over, performance.now()))
  }
  adjust(0)
  if (!(await crew.until(() => crew.hasRecovered(0), warmUpMs))) {
    problem(`${warmUpMs} ms after the start not everything had got through`)
    return
  }
  print(`a fault about every ${((gap + meanMs(schedule)) / 1_000).toFixed(1)} s`)
  for (const [index, planned] of schedule.entries()) {
    await crew.until(() => false, gap)
    adjust(index)
    if (!(await performFault(planned, context))) return
    adjust(index + 1)
  }
}

/** Each by what is left for it to do, so that all of them come to their end together. */
function setRates(publishers: readonly WorkerProcess[], perSecond: number): void {
  const left = publishers.map((publisher) => publisher.left)
  const all = left.reduce((sum, one) => sum + one, 0)
  for (const [index, publisher] of publishers.entries()) {
    const share = all === 0 ? 0 : (left[index] as number) / all
    publisher.send({ kind: 'rate', perSecond: perSecond * share })
  }
}

const meanMs = (schedule: readonly Planned[]): number =>
  schedule.reduce((sum, { kind }) => sum + kind.expectedMs, 0) / Math.max(1, schedule.length)

/** Publishes what is left, and waits until all of it is settled, or nothing moves any more. */
async function comeToAnEnd(
  crew: Crew,
  target: Target,
  publishers: readonly WorkerProcess[],
  problem: (text: string) => void,
): Promise<void> {
  for (const publisher of publishers) publisher.send({ kind: 'rate', perSecond: 1_000 })
  const finished = (): boolean => publishers.every((one) => one.finished || one.ending !== undefined)
  let before = -1
  while (!(await crew.until(finished, answerLimitMs))) {
    const { answers } = crew.count()
    if (answers === before) return problem(`publishes have had no answer for ${answerLimitMs} ms`)
    before = answers
  }
  let last = crew.count().runs
  let stillSince = performance.now()
  for (;;) {
    const left = (await Promise.all([orders, side].map(({ name }) => target.unsettled(name)))).reduce((a, b) => a + b)
    if (left === 0) return
    const { runs } = crew.count()
    if (runs !== last) stillSince = performance.now()
    last = runs
    if (performance.now() - stillSince > stillLimitMs)
      return problem(`${left} messages are unsettled, and nothing was handled for ${stillLimitMs} ms`)
    await crew.until(() => false, 200)
  }
}
