import { mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stepsOf, type Length } from '../plan.js'
import type { Programs } from '../process/programs.js'
import { runSubject } from '../process/run-subject.js'
import type { Case, Subject, Suite } from '../suite.js'
import type { Surroundings } from '../surroundings.js'
import { selfTimes, type CpuProfile, type SelfTime } from './cpu-profile.js'
import { readSourceNames } from './source-names.js'

export interface ProfileTask {
  readonly suite: Suite
  readonly case: Case
  readonly subjects: readonly Subject[]
  readonly length: Length
  readonly programs: Programs
  readonly surroundings: Surroundings
  /** @default a new temporary folder */
  readonly into: string | undefined
}

const functionsShown = 30
const filesShown = 15

/** Runs the subjects once each under the profiler of Node and prints where they have spent their time. */
export async function profileCase(task: ProfileTask, print: (line: string) => void): Promise<void> {
  const folder = task.into === undefined ? await mkdtemp(join(tmpdir(), 'sluice-profile-')) : resolve(task.into)
  await mkdir(folder, { recursive: true })
  const names = await readSourceNames(task.programs.folder)
  for (const step of stepsOf(task.suite, task.case, task.length)) {
    const { subject } = step
    if (!task.subjects.includes(subject)) continue
    const file = `${task.suite.name}-${task.case.name}-${subject.name}.cpuprofile`
    const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${file}`]
    const { programs, surroundings } = task
    const { quick } = task.length
    await runSubject(step, { programs, surroundings, quick, allocations: false, nodeFlags })
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile
    print(`\n${task.case.name} (${subject.name}): self time by function, warm-up included`)
    printTimes(selfTimes(profile, names.function).slice(0, functionsShown), print)
    print('by file')
    printTimes(selfTimes(profile, names.file).slice(0, filesShown), print)
    print(join(folder, file))
  }
}

function printTimes(times: readonly SelfTime[], print: (line: string) => void): void {
  for (const { name, micros, share } of times) {
    print(`${(share * 100).toFixed(1).padStart(6)} %  ${(micros / 1000).toFixed(0).padStart(7)} ms  ${name}`)
  }
}
