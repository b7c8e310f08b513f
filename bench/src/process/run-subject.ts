import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../../../tools/root.mjs'
import type { Step } from '../plan.js'
import type { Sample } from '../sample.js'
import type { ModuleWork, ProgramWork } from '../suite.js'
import type { Surroundings } from '../surroundings.js'
import { answerTo, type FromSubject } from './messages.js'
import type { Programs } from './programs.js'
import { runProcess } from './run-process.js'
import type { SubjectTask } from './subject-task.js'

export interface RunOptions {
  readonly programs: Programs
  readonly surroundings: Surroundings
  readonly quick: boolean
  /** Count bytes as well. */
  readonly allocations: boolean
  /** More flags of Node, for example of its profiler. */
  readonly nodeFlags?: readonly string[]
}

const folder = join(root, 'bench')
const limitMs = 5 * 60_000

/**
 * Measures one subject in a process of its own, and tidies up behind it.
 * @throws Error when the process fails
 */
export async function runSubject(step: Step, options: RunOptions): Promise<Sample> {
  const { work } = step.subject
  try {
    return await (work.kind === 'program' ? runProgram(step, work, options) : runModule(step, work, options))
  } finally {
    await options.surroundings.tidy()
  }
}

async function runModule(step: Step, work: ModuleWork, options: RunOptions): Promise<Sample> {
  const { programs, surroundings, allocations, quick, nodeFlags = [] } = options
  const task: SubjectTask = {
    suite: step.suite.name,
    case: step.case.name,
    subject: step.subject.name,
    messages: step.messages,
    allocations,
    quick,
    facts: surroundings.facts(),
  }
  let sample: unknown
  await runProcess({
    args: [...nodeFlags, ...(work.nodeFlags ?? []), programs.subject, JSON.stringify(task)],
    folder,
    limitMs,
    title: titleOf(step),
    onMessage: (message, send) => {
      const given = message as FromSubject
      if (given.kind === 'sample') sample = given.sample
      else void answerTo(given, surroundings.answer).then(send)
    },
  })
  if (sample === undefined) throw new Error(`${titleOf(step)} ended without a sample`)
  return sample as Sample
}

/** What it allocates is counted in a run of its own, because such a program cannot be asked to do that later. */
async function runProgram(step: Step, work: ProgramWork, options: RunOptions): Promise<Sample> {
  const { programs, allocations, nodeFlags = [] } = options
  const program = [join(folder, work.file), ...work.args(step.messages)]
  const title = titleOf(step)
  const sample = work.read((await runProcess({ args: [...nodeFlags, ...program], folder, limitMs, title })).output)
  if (!allocations) return sample
  const args = ['--import', pathToFileURL(programs.countAllocations).href, ...program]
  const { message } = await runProcess({ args, folder, limitMs, title })
  if (typeof message !== 'number') throw new Error(`${title} ended without a count of what it has allocated`)
  return { ...sample, bytesPerMessage: message / work.handles(step.messages) }
}

const titleOf = ({ suite, subject, case: { name } }: Step): string => `${suite.name} ${name} (${subject.name})`
