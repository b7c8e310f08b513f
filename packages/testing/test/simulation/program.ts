import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

/** Runs the simulation as the command line does, in a process of its own. */
export function runSim(
  args: readonly string[],
  mutant?: string,
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const changed = mutant === undefined ? [] : ['--mutant', mutant]
  const all = ['tools/run.mjs', ...changed, 'packages/testing/src/cli/sim.ts', ...args]
  return new Promise((resolve) => {
    const options = { cwd: root, maxBuffer: 2 ** 26 }
    execFile(process.execPath, all, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, lines: `${stdout}${stderr}`.trimEnd().split('\n') })
    })
  })
}
