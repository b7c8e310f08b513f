import { parseArgs } from 'node:util'
import { readAdapter } from '../command/read-adapter.js'
import { readNumber } from '../command/read-number.js'
import { leastOverlap } from './perform-fault.js'
import { targets } from './targets.js'

export const usage = `Usage: npm run chaos -- --adapter ${Object.keys(targets).join('|')} [options]

  --seed N        decides which faults come, in which order, and what they do  (default 1)
  --messages M    to publish in all  (default 100000)
  --faults K      to perform  (default 20)
  --nodes 1|3     of the broker  (default 1)
  --only F1,F10   these faults only
  --json FILE     writes { adapter, seed, nodes, messages, faults, confirmed, lost, phantom, outOfOrder, overlapping,
                  duplicated, duplicateBound, seconds }

Ends with code 1 when something is beyond its bound, 2 when it could not be started.`

/** What the command line asks for. */
export interface Command {
  readonly adapter: string
  readonly seed: number
  readonly messages: number
  readonly faults: number
  readonly nodes: number
  readonly only: readonly string[] | undefined
  readonly json: string | undefined
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
      seed: { type: 'string' },
      messages: { type: 'string' },
      faults: { type: 'string' },
      nodes: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return undefined
  const { only, json } = values
  const { adapter, known } = readAdapter(values.adapter, targets, usage)
  const nodes = readNumber('--nodes', values.nodes, 1) ?? known.nodes[0] ?? 1
  if (!known.nodes.includes(nodes))
    throw new Error(`--nodes ${nodes} is not for --adapter ${adapter}. Known: ${known.nodes.join(', ')}`)
  const messages = readNumber('--messages', values.messages, 1) ?? 100_000
  const faults = readNumber('--faults', values.faults, 1) ?? 20
  const least = faults * 5 * leastOverlap
  if (messages < least)
    throw new Error(
      `--messages ${messages} are too few for ${faults} faults: each has to meet ${leastOverlap} publishes. At least: ${least}`,
    )
  return {
    adapter,
    seed: readNumber('--seed', values.seed, 0) ?? 1,
    messages,
    faults,
    nodes,
    only: only === undefined ? undefined : readIds(only),
    json,
  }
}

/** Which there are depends on the broker. */
function readIds(list: string): readonly string[] {
  const ids = list.split(',').map((id) => id.trim())
  if (ids.includes('')) throw new Error(`--only names a fault without a name: "${list}"`)
  return ids
}
