import { parseArgs } from 'node:util'
import { isId, type Id, type RunOptions } from '@sluice/testing'
import { readAdapter } from '../command/read-adapter.js'
import { readNumber } from '../command/read-number.js'
import { adapters, type HarnessChoice } from './adapters.js'

export const usage = `Usage: npm run kit -- --adapter ${Object.keys(adapters).join('|')} [options]

  --like queue|log   memory: one behaviour of the adapter only; both without it
  --nodes 1|3        rabbitmq, kafka: nodes of the broker  (default 1)
  --only P1,O3       these ids only
  --repeat N         everything N times; ends after the first round with a failure
  --long             50 kills, large numbers
  --middleware       with a no-op middleware in every messaging object
  --seed N           repeats what a failed test left to chance
  --json FILE        writes { adapter, broker, results } of the last round; { runs: [ … ] } of such objects with both behaviours

Ends with code 1 when a test failed, 2 when it could not be started.`

/** What the command line asks for. */
export interface Command {
  readonly adapter: string
  readonly choice: HarnessChoice
  readonly only: readonly Id[] | undefined
  readonly repeat: number
  readonly json: string | undefined
  readonly run: RunOptions
}

/**
 * Undefined when only help was asked for.
 *
 * @throws Error that says what is wrong with the arguments
 */
export function readCommandLine(args: readonly string[]): Command | undefined {
  const { values } = parseArgs({
    args: [...args],
    allowPositionals: false,
    options: {
      adapter: { type: 'string' },
      like: { type: 'string' },
      nodes: { type: 'string' },
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
  const { only } = values
  const { adapter, known } = readAdapter(values.adapter, adapters, usage)
  const choice: Record<string, string> = {}
  for (const flag of ['like', 'nodes'] as const) {
    const value = values[flag]
    if (value === undefined) continue
    const offered = known.choices[flag]
    if (offered === undefined) throw new Error(`--${flag} is not for --adapter ${adapter}`)
    if (!offered.includes(value))
      throw new Error(`--${flag} ${value} is unknown for ${adapter}. Known: ${offered.join(', ')}`)
    choice[flag] = value
  }
  const seed = readNumber('--seed', values.seed, 0)
  return {
    adapter,
    choice,
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
