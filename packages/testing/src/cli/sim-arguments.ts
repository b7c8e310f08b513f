import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { readPart, type Part } from '../simulation/part-of.js'

export const simUsage = `Usage: npm run sim -- [options]

  --seeds N          how many seeds (300)
  --from S           the first of them (1)
  --like queue|log   one behaviour of the broker only; by default the seed decides
  --workers N        threads (as many as there are cores)
  --stop             end at the first seed that fails
  --no-shrink        do not look for short schedules of what fails
  --json FILE        writes the summary
  --seed N           one seed only, told in full and shrunk when it fails
  --steps 3,7:2,9    with --seed: only these steps of its schedule, of 7 two messages; as shrinking prints it
  --trace            with --seed: everything that happens

Ends with code 1 when a promise was broken or a situation came about too seldom, 2 when it could not be started.`

/** What the command was asked to do. */
export interface SimArguments {
  readonly from: number
  readonly count: number
  readonly like: 'queue' | 'log' | undefined
  readonly workers: number
  readonly stop: boolean
  readonly shrinks: boolean
  readonly json: string | undefined
  /** One seed, told in full. */
  readonly single: { readonly part: Part | undefined; readonly trace: boolean } | undefined
}

/** Undefined when only help was asked for. @throws Error that says what is wrong */
export function readSimArguments(args: readonly string[]): SimArguments | undefined {
  const { values } = parseArgs({
    args: [...args],
    allowPositionals: false,
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      like: { type: 'string' },
      workers: { type: 'string' },
      stop: { type: 'boolean' },
      'no-shrink': { type: 'boolean' },
      json: { type: 'string' },
      seed: { type: 'string' },
      steps: { type: 'string' },
      trace: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return undefined
  const { like, seed, steps, trace = false } = values
  if (like !== undefined && like !== 'queue' && like !== 'log')
    throw new Error(`--like has to be queue or log, got "${like}"`)
  if (seed === undefined && (steps !== undefined || trace)) throw new Error('--steps and --trace are for one --seed')
  for (const flag of ['seeds', 'from', 'workers', 'stop', 'json'] as const) {
    if (seed !== undefined && values[flag] !== undefined)
      throw new Error(`--${flag} is for many seeds, --seed names one: leave one of them out`)
  }
  return {
    from: seed === undefined ? whole('--from', values.from, 0, 1) : whole('--seed', seed, 0, 0),
    count: seed === undefined ? whole('--seeds', values.seeds, 1, 300) : 1,
    like,
    workers: whole('--workers', values.workers, 1, availableParallelism()),
    stop: values.stop === true,
    shrinks: values['no-shrink'] !== true,
    json: values.json,
    single: seed === undefined ? undefined : { part: steps === undefined ? undefined : readPart(steps), trace },
  }
}

function whole(flag: string, text: string | undefined, min: number, otherwise: number): number {
  if (text === undefined) return otherwise
  if (!/^\d+$/.test(text) || Number(text) < min || !Number.isSafeInteger(Number(text)))
    throw new Error(`${flag} needs a whole number of at least ${min}, got "${text}"`)
  return Number(text)
}
