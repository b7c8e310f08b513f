import { open, writeFile } from 'node:fs/promises'
import { chooseCases, chooseSubjects, findCase, findSuite } from './choose.js'
import { readCommandLine, usage, type Command } from './command-line.js'
import { describeMachine } from './machine.js'
import { buildPrograms, type Programs } from './process/programs.js'
import { profileCase } from './profile/profile-case.js'
import { machineLine, tableOf } from './report/table.js'
import { traitsTableOf } from './report/traits-table.js'
import { resultOf, type Result } from './result.js'
import { runSuite } from './run-suite.js'
import type { Suite } from './suite.js'
import { suites } from './suites/index.js'
import { nothingShared, type Surroundings } from './surroundings.js'

/** Where the command says what it finds, and what it is doing meanwhile. */
export interface Output {
  readonly print: (line: string) => void
  readonly progress: (line: string) => void
}

/** Runs the bench from the command line. Returns the exit code. */
export async function bench(args: readonly string[], output: Output): Promise<number> {
  try {
    const command = readCommandLine(args)
    if (command !== undefined) return await run(command, output)
    output.print(usage)
    return 0
  } catch (error) {
    output.print(error instanceof Error ? error.message : String(error))
    return 2
  }
}

async function run(command: Command, output: Output): Promise<number> {
  const suite = findSuite(suites, command.suite)
  if (command.task === 'list') {
    for (const { name, title } of suite.cases) output.print(`${name.padEnd(20)} ${title}`)
    return 0
  }
  return command.profile === undefined ? measure(suite, command, output) : profile(suite, command, output)
}

async function measure(suite: Suite, command: Command, output: Output): Promise<number> {
  const cases = chooseCases(suite, command.only)
  if (command.json !== undefined) await checkWritable(command.json)
  const { rounds, quick } = command
  const outcome = await withSurroundings(suite, (programs, surroundings) =>
    runSuite({ suite, cases, rounds, length: command, programs, surroundings, progress: output.progress }),
  )
  const results = outcome.measured.map((one) => resultOf(one, { suite: suite.name, quick }))
  await report(results, { suite, command, output })
  return conclude(results, outcome.failures, { quick, print: output.print })
}

async function profile(suite: Suite, { profile, messages, quick, into }: Command, { print }: Output): Promise<number> {
  const one = findCase(suite, profile?.case ?? '')
  const subjects = chooseSubjects(one, profile?.subject)
  await withSurroundings(suite, (programs, surroundings) =>
    profileCase({ suite, case: one, subjects, length: { messages, quick }, into, programs, surroundings }, print),
  )
  return 0
}

/** Builds what runs, opens what it shares, and closes that again whatever happens. */
async function withSurroundings<T>(
  suite: Suite,
  run: (programs: Programs, surroundings: Surroundings) => Promise<T>,
): Promise<T> {
  const programs = await buildPrograms()
  const surroundings = (await suite.open?.()) ?? nothingShared
  try {
    return await run(programs, surroundings)
  } finally {
    await surroundings.close()
  }
}

/** A path that cannot be written to is better known before all rounds than after them. */
async function checkWritable(path: string): Promise<void> {
  const file = await open(path, 'a')
  await file.close()
}

interface ReportContext {
  readonly suite: Suite
  readonly command: Command
  readonly output: Output
}

async function report(results: readonly Result[], { suite, command, output }: ReportContext): Promise<void> {
  const { rounds, messages, json } = command
  const machine = describeMachine()
  output.print(`${suite.title}\n${machineLine(machine)}`)
  output.print(
    `${rounds} rounds, ${messages.toLocaleString('en')} messages a pass unless the case says otherwise; median, and lowest to highest\n`,
  )
  output.print(tableOf(results))
  const traits = traitsTableOf(results)
  if (traits !== undefined) output.print(`\n${traits}`)
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ machine, results }, null, 2)}\n`)
}

interface ConcludeContext {
  readonly quick: boolean
  readonly print: (line: string) => void
}

/** Returns the exit code. */
function conclude(results: readonly Result[], failures: readonly string[], { quick, print }: ConcludeContext): number {
  for (const text of failures) print(`\n${text}`)
  if (quick) print('\nNOT A MEASUREMENT: --quick is too short for its figures to mean anything. Bounds are not judged.')
  const broken = results.filter(({ ok }) => ok === false)
  if (broken.length > 0) {
    print(`\nBounds that do not hold: ${broken.map(({ name, subject }) => `${name} (${subject})`).join(', ')}`)
  }
  if (failures.length > 0) return 2
  return broken.length > 0 ? 1 : 0
}
