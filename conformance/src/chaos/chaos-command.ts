import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../../../tools/bundle.mjs'
import { commandOf, type Print } from '../command/command-of.js'
import { chaosRun, type Recorded } from './chaos-run.js'
import { readCommandLine, usage, type Command } from './command-line.js'
import { commonFaults } from './faults/index.js'
import { messagesPerPart, readHistories } from './history/read-histories.js'
import type { ChaosResult } from './result.js'
import { makeSchedule } from './schedule.js'
import { conclude } from './conclude.js'
import type { FaultKind, Target } from './target.js'
import { targets } from './targets.js'

const worker = 'conformance/src/chaos/worker/main.ts'

/** Breaks a broker in mid-traffic, from the command line. Returns the exit code. */
export async function chaosCommand(args: readonly string[], print: Print): Promise<number> {
  const command = commandOf(() => readCommandLine(args), usage, print)
  if (typeof command === 'number') return command
  try {
    const { result, isGood } = await runChaos(command, print)
    if (command.json !== undefined) await writeFile(command.json, `${JSON.stringify(result, null, 2)}\n`)
    return isGood ? 0 : 1
  } catch (error) {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return 2
  }
}

/** Runs and judges. @throws Error when it cannot be started */
async function runChaos(command: Command, print: Print): Promise<{ result: ChaosResult; isGood: boolean }> {
  const began = performance.now()
  const { adapter, seed, nodes, messages } = command
  const program = await bundle({ entry: worker })
  const target = await (targets[adapter] as (typeof targets)[string]).start(nodes, seed)
  const folder = await mkdtemp(join(tmpdir(), 'sluice-chaos-'))
  let recorded: Recorded
  try {
    print(`${target.broker}: ${messages} messages, ${command.faults} faults, seed ${seed}; histories in ${folder}`)
    print('not part of it: F15 (Redis), which comes with the idempotency plugin')
    const schedule = makeSchedule(choose(command, target), command.faults, seed)
    recorded = await chaosRun({ adapter, messages, schedule, program, folder, print }, target)
  } finally {
    await target.close()
  }
  const { facts, letters, histories } = recorded
  const known = { facts: facts.all, letters }
  // Beside the histories, so that a run that failed can be looked into.
  await writeFile(join(folder, 'known.json'), JSON.stringify({ ...known, performed: recorded.performed }, null, 1))
  const read = readHistories(histories, known, Math.max(1, Math.ceil(messages / messagesPerPart)))
  const seconds = (): number => Math.round((performance.now() - began) / 100) / 10
  const outcome = conclude(read, recorded, { adapter, seed, nodes, faultsWanted: command.faults, seconds })
  for (const line of outcome.lines) print(line)
  if (outcome.isGood) await rm(folder, { recursive: true })
  return outcome
}

/** @throws Error when what was asked for is not offered */
function choose({ only, adapter, nodes }: Command, { faults }: Target): readonly FaultKind[] {
  const offered = [...commonFaults, ...faults]
  if (only === undefined) return offered
  const unknown = only.filter((id) => offered.every((kind) => kind.id !== id))
  if (unknown.length > 0) {
    const known = [...new Set(offered.map(({ id }) => id))].join(', ')
    throw new Error(
      `--only names faults that ${adapter} on ${nodes} nodes does not offer: ${unknown.join(', ')}. Offered: ${known}`,
    )
  }
  return offered.filter(({ id }) => only.includes(id))
}
