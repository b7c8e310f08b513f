import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { HarnessFactory } from '../harness.js'
import { memoryHarness } from '../harness/memory.js'
import { isId, type Id } from '../ids.js'
import { formatResult, type ConformanceResult, type KitReport } from '../result.js'
import { runKit } from '../run-kit.js'
import type { RunOptions } from '../run-one.js'

const usage = `Usage: npm run kit -- --adapter memory [options]

  --like queue|log   one behaviour of the adapter only; both without it
  --only P1,O3       these ids only
  --repeat N         everything N times; ends after the first round with a failure
  --long             50 kills, large numbers
  --middleware       with a no-op middleware in every messaging object
  --seed N           repeats what a failed test left to chance
  --json FILE        writes { adapter, broker, results } of the last round; { runs: [ … ] } of such objects with both behaviours

Ends with code 1 when a test failed, 2 when it could not be started.`

/** Behaviours by adapter, and how to make a harness of each. */
const adapters: Readonly<Record<string, Readonly<Record<string, HarnessFactory>>>> = {
  memory: { queue: () => memoryHarness({ like: 'queue' }), log: () => memoryHarness({ like: 'log' }) },
}

interface Command {
  readonly factories: readonly HarnessFactory[]
  readonly only: readonly Id[] | undefined
  readonly repeat: number
  readonly json: string | undefined
  readonly run: RunOptions
}

/** Runs the kit from the command line. Returns the exit code. */
export async function kitCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  let command: Command | undefined
  try {
    command = readCommand(args)
  } catch (error) {
    print(error instanceof Error ? error.message : String(error))
    return 2
  }
  if (command === undefined) {
    print(usage)
    return 0
  }
  for (let round = 1; round <= command.repeat; round++) {
    if (command.repeat > 1) print(`round ${round} of ${command.repeat}`)
    const reports: KitReport[] = []
    for (const factory of command.factories) reports.push(await runHarness(factory, command, print))
    if (command.json !== undefined) {
      await writeFile(
        command.json,
        `${JSON.stringify(reports.length === 1 ? reports[0] : { runs: reports }, null, 2)}\n`,
      )
    }
    if (reports.some(({ results }) => results.some(({ status }) => status === 'failed'))) return 1
  }
  return 0
}

async function runHarness(
  factory: HarnessFactory,
  { only, run }: Command,
  print: (line: string) => void,
): Promise<KitReport> {
  const harness = await factory()
  const began = performance.now()
  try {
    const title = [harness.name, harness.behaviour, `(${harness.broker})`]
      .filter((part) => part !== undefined)
      .join(' ')
    print(`${title}${run.variant === 'middleware' ? ', with a no-op middleware' : ''}`)
    const report = await runKit(harness, {
      ...run,
      ...(only === undefined ? {} : { only }),
      onResult: (result) => print(formatResult(result)),
    })
    print(`${title}: ${summary(report.results)} in ${Math.round((performance.now() - began) / 100) / 10} s\n`)
    return report
  } finally {
    await harness.close()
  }
}

function summary(results: readonly ConformanceResult[]): string {
  const statuses = ['passed', 'failed', 'refused', 'skipped'] as const
  return statuses.map((status) => `${results.filter((result) => result.status === status).length} ${status}`).join(', ')
}

/** Undefined when only help was asked for. @throws Error that says what is wrong with the arguments */
function readCommand(args: readonly string[]): Command | undefined {
  const { values } = parseArgs({
    args: [...args],
    allowPositionals: false,
    options: {
      adapter: { type: 'string' },
      like: { type: 'string' },
      only: { type: 'string' },
      repeat: { type: 'string' },
      long: { type: 'boolean' },
      middleware: { type: 'boolean' },
      seed: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return undefined
  const { adapter, like, only } = values
  if (adapter === undefined) throw new Error(`--adapter is missing\n\n${usage}`)
  const behaviours = adapters[adapter]
  if (behaviours === undefined)
    throw new Error(`--adapter ${adapter} is unknown. Known: ${Object.keys(adapters).join(', ')}`)
  const one = like === undefined ? undefined : behaviours[like]
  if (like !== undefined && one === undefined) {
    throw new Error(`--like ${like} is unknown for ${adapter}. Known: ${Object.keys(behaviours).join(', ')}`)
  }
  const seed = readNumber('--seed', values.seed, 0)
  return {
    factories: one === undefined ? Object.values(behaviours) : [one],
    only: only === undefined ? undefined : readIds(only),
    repeat: readNumber('--repeat', values.repeat, 1) ?? 1,
    json: values.json,
    run: {
      variant: values.middleware === true ? 'middleware' : 'plain',
      long: values.long === true,
      ...(seed === undefined ? {} : { seed }),
    },
  }
}

function readIds(list: string): readonly Id[] {
  const ids = list.split(',').map((id) => id.trim())
  const unknown = ids.filter((id) => !isId(id))
  if (unknown.length > 0)
    throw new Error(`--only names ids that do not exist: ${unknown.map((id) => `"${id}"`).join(', ')}`)
  return ids.filter(isId)
}

function readNumber(flag: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text) || Number(text) < min)
    throw new Error(`${flag} needs a whole number of at least ${min}, got "${text}"`)
  return Number(text)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await kitCommand(process.argv.slice(2), console.log)
}
