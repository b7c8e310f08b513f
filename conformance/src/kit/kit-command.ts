import { writeFile } from 'node:fs/promises'
import { formatResult, runKit, type ConformanceResult, type Harness, type KitReport } from '@sluice/testing'
import { commandOf, type Print } from '../command/command-of.js'
import { adapters } from './adapters.js'
import { readCommandLine, usage, type Command } from './command-line.js'

/** Runs the kit from the command line. Returns the exit code. */
export async function kitCommand(args: readonly string[], print: Print): Promise<number> {
  const command = commandOf(() => readCommandLine(args), usage, print)
  if (typeof command === 'number') return command
  const harnesses: Harness[] = []
  try {
    for (const create of adapters[command.adapter]?.harnesses(command.choice) ?? []) harnesses.push(await create())
    return await runRounds(harnesses, command, print)
  } finally {
    await Promise.all(harnesses.map((harness) => harness.close()))
  }
}

async function runRounds(harnesses: readonly Harness[], command: Command, print: Print): Promise<number> {
  const { repeat, json } = command
  for (let round = 1; round <= repeat; round++) {
    if (repeat > 1) print(`round ${round} of ${repeat}`)
    const reports: KitReport[] = []
    for (const harness of harnesses) reports.push(await runRound(harness, command, print))
    const result = reports.length === 1 ? reports[0] : { runs: reports }
    if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`)
    if (reports.some(({ results }) => results.some(({ status }) => status === 'failed'))) return 1
  }
  return 0
}

async function runRound(harness: Harness, { only, run }: Command, print: Print): Promise<KitReport> {
  const began = performance.now()
  const title = [harness.name, harness.behaviour, `(${harness.broker})`].filter((part) => part !== undefined).join(' ')
  print(`${title}${run.variant === 'middleware' ? ', with a no-op middleware' : ''}`)
  const report = await runKit(harness, {
    ...run,
    ...(only === undefined ? {} : { only }),
    onResult: (result) => print(formatResult(result)),
  })
  print(`${title}: ${summary(report.results)} in ${Math.round((performance.now() - began) / 100) / 10} s\n`)
  return report
}

function summary(results: readonly ConformanceResult[]): string {
  const statuses = ['passed', 'failed', 'refused', 'skipped'] as const
  return statuses.map((status) => `${results.filter((result) => result.status === status).length} ${status}`).join(', ')
}
