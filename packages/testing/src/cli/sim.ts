import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { describeStep } from '../simulation/describe-step.js'
import { makeSchedule } from '../simulation/make-schedule.js'
import { partOf, writePart } from '../simulation/part-of.js'
import { runSeeds } from '../simulation/run-seeds.js'
import type { Schedule } from '../simulation/schedule.js'
import { kindsOf, shrink } from '../simulation/shrink.js'
import { simulate, type Outcome } from '../simulation/simulate.js'
import { formatSummary, rareSituations, summarize } from '../simulation/summary.js'
import { workSeeds } from '../simulation/work-seeds.js'
import { readSimArguments, simUsage, type SimArguments } from './sim-arguments.js'

type Print = (line: string) => void

/** Most failing seeds that are told in full and shrunk. */
const mostTold = 3
const progressMs = 10_000

/** Runs the simulation from the command line. Returns the exit code. */
export async function simCommand(args: readonly string[], print: Print): Promise<number> {
  let asked: SimArguments | undefined
  try {
    asked = readSimArguments(args)
  } catch (error) {
    print(error instanceof Error ? error.message : String(error))
    return 2
  }
  if (asked === undefined) {
    print(simUsage)
    return 0
  }
  return asked.single === undefined ? runMany(asked, print) : runOne(asked, asked.single, print)
}

async function runMany(asked: SimArguments, print: Print): Promise<number> {
  const { from, count, like, json } = asked
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1_000
  const outcomes: Outcome[] = []
  let failures = 0
  const progress = setInterval(() => {
    const rate = (outcomes.length / seconds()).toFixed(1)
    print(`${outcomes.length} of ${count} seeds, ${failures} failed, ${rate} a second`)
  }, progressMs)
  try {
    await runSeeds({
      ...{ from, count, like, workers: asked.workers, stopAtFailure: asked.stop },
      program: fileURLToPath(import.meta.url),
      onOutcome: (outcome) => {
        // The text of every failure would be more than anybody reads.
        outcomes.push(failures < mostTold ? outcome : { ...outcome, problems: outcome.problems.slice(0, 1) })
        if (outcome.problems.length === 0) return
        failures += 1
        if (failures <= mostTold) tell(outcome, print)
      },
    })
  } finally {
    clearInterval(progress)
  }
  const summary = summarize(outcomes)
  print(formatSummary(summary, seconds()))
  if (json !== undefined)
    await writeFile(
      json,
      `${JSON.stringify({ ...summary, seconds: seconds(), from, like: like ?? 'both' }, null, 2)}\n`,
    )
  const rare = rareSituations(summary)
  for (const name of rare) print(`too seldom for ${summary.seeds} seeds: ${name}`)
  const failed = outcomes.filter(({ problems }) => problems.length > 0)
  if (failed.length > mostTold) print(`failed: ${failed.map(({ seed }) => seed).join(', ')}`)
  if (asked.shrinks)
    for (const outcome of failed.slice(0, mostTold))
      await tellShort(makeSchedule(outcome.seed, like), outcome, asked, print)
  return failed.length > 0 || rare.length > 0 ? 1 : 0
}

async function runOne(
  asked: SimArguments,
  { part, trace }: NonNullable<SimArguments['single']>,
  print: Print,
): Promise<number> {
  const whole = makeSchedule(asked.from, asked.like)
  const schedule = part === undefined ? whole : partOf(whole, part)
  if (trace) {
    print(JSON.stringify(schedule.plan, null, 1))
    for (const step of schedule.steps) print(describeStep(step))
  }
  const outcome = await simulate(schedule, { verbose: trace, part: part !== undefined })
  for (const line of outcome.trace) print(line)
  const { messages, runs, faults, instances, hash } = outcome
  print(`seed ${outcome.seed}: ${messages} messages, ${runs} runs, ${faults} faults, ${instances} instances; ${hash}`)
  if (outcome.problems.length === 0) return 0
  tell(outcome, print)
  if (asked.shrinks && part === undefined) await tellShort(schedule, outcome, asked, print)
  return 1
}

function tell({ seed, problems }: Outcome, print: Print): void {
  print(`seed ${seed} FAILED`)
  for (const problem of problems) print(problem.replaceAll(/^/gm, '  '))
}

async function tellShort(
  whole: Schedule,
  { seed, problems }: Outcome,
  { like }: SimArguments,
  print: Print,
): Promise<void> {
  const kinds = kindsOf(problems)
  const run = (schedule: Schedule): Promise<Outcome> => simulate(schedule, { part: true })
  const short = await shrink(whole, async (schedule) => {
    const found = kindsOf((await run(schedule)).problems)
    return [...kinds].some((kind) => found.has(kind))
  })
  const outcome = await run(short)
  print(`seed ${seed} in short, ${short.steps.length} of ${whole.steps.length} steps, ${outcome.messages} messages:`)
  for (const step of short.steps) print(describeStep(step))
  for (const problem of outcome.problems) print(problem.replaceAll(/^/gm, '  '))
  const same = like === undefined ? '' : ` --like ${like}`
  print(`again: npm run sim -- --seed ${seed}${same} --steps ${writePart(short, whole)} --trace`)
}

if (!isMainThread) workSeeds()
else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await simCommand(process.argv.slice(2), console.log)
}
