import { checkBounds } from './bounds.js'
import { judge } from './judge.js'
import { closeAll, makePeace } from './peace.js'
import { createPerform } from './perform.js'
import { Population } from './population.js'
import { Publishing } from './publishing.js'
import { leastMessages } from './make-schedule.js'
import type { Schedule } from './schedule.js'
import { withSeededChance } from './seeded.js'
import type { Situation } from './situations.js'
import { World } from './world.js'

/** What came of a run. */
export interface Outcome {
  readonly seed: number
  /** Empty when every promise was kept. */
  readonly problems: readonly string[]
  readonly situations: Readonly<Record<Situation, number>>
  readonly messages: number
  readonly instances: number
  readonly faults: number
  readonly runs: number
  readonly events: number
  /** Of everything that happened: the same for the same schedule. */
  readonly hash: string
  readonly trace: readonly string[]
}

export interface SimulateOptions {
  /** Keeps every event in words. @default false */
  readonly verbose?: boolean
  /** Part of a schedule: it may have less in it than a whole one must. @default false */
  readonly part?: boolean
}

const leastInstances = 2
const leastFaults = 3

/** Performs a schedule: a time of faults, then peace, in which everything has to come to its end. */
export function simulate(schedule: Schedule, options: SimulateOptions = {}): Promise<Outcome> {
  return withSeededChance(schedule.seed, () => withShortErrors(options, () => perform(schedule, options)))
}

/** Where an error comes from costs more than all else about it. */
async function withShortErrors<T>({ verbose = false }: SimulateOptions, run: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error
  if (!verbose) Error.stackTraceLimit = 0
  try {
    return await run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

async function perform(schedule: Schedule, { verbose = false, part = false }: SimulateOptions): Promise<Outcome> {
  const world = new World(schedule, verbose)
  const onRejection = (reason: unknown): void => world.problem(`a rejection nobody handles: ${String(reason)}`)
  process.on('unhandledRejection', onRejection)
  try {
    return await run(world, schedule, part)
  } finally {
    process.off('unhandledRejection', onRejection)
  }
}

async function run(world: World, schedule: Schedule, part: boolean): Promise<Outcome> {
  const publishing = new Publishing(world)
  const population = new Population(world, publishing)
  try {
    await begin(world, population)
    const step = createPerform(world, population, publishing)
    for (const one of schedule.steps) {
      await step(one)
      await world.clock.advance(one.thenMs)
      checkBounds(world, population)
    }
    await makePeace(world, population, publishing)
    await closeAll(world, population)
  } catch (error) {
    world.problem(`the run itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  const { delivered: runs, events } = judge(world)
  const [messages, instances, { faults }] = [publishing.count, population.consumers.length, world]
  if (!part && (messages < leastMessages || instances < leastInstances || faults < leastFaults))
    world.problem(`too little has happened: ${messages} messages, ${instances} instances, ${faults} faults`)
  return {
    seed: schedule.seed,
    ...{ messages, instances, faults, runs, events },
    problems: world.journal.problems,
    situations: world.situations.counts,
    hash: world.journal.hash(),
    trace: world.journal.trace,
  }
}

/** Groups exist before the first publish. */
async function begin(world: World, population: Population): Promise<void> {
  const { plan, topics, clock } = world
  for (let index = 0; index < plan.publishers; index += 1) await population.addPublisher()
  await clock.runUntil(() => population.publishers.every(({ ready }) => ready), 10_000)
  const provisioning = population.publishers[0]?.messaging?.provision(
    (['orders', 'notes'] as const).map((topic) => ({
      topic: topics[topic],
      groups: plan.groups
        .filter((group) => group.topic === topic)
        .map(({ group, ordered }) => ({ name: group, order: ordered ? ('key' as const) : ('none' as const) })),
    })),
  )
  await clock.advance(1_000)
  await provisioning
  for (let index = 0; index < plan.instances; index += 1) await population.join()
}
