import { spawn } from 'node:child_process'
import { bundle } from '../bundle.mjs'

/** Defects that show only when things happen in an unlucky order: the simulation has to find each of them. */
export const simulated = ['2', '3', '6', '9', '12', '19', '20', '22', '24', '28', '34']

/**
 * Builds a defect into the simulation and runs seeds until one fails.
 *
 * @param {import('./defects.mjs').Defect} defect
 * @param {number} seeds most of them
 * @returns {Promise<{ after: number | undefined, what: string }>} how many seeds it took, and what was seen
 */
export async function findBySimulation(defect, seeds) {
  const program = await bundle({ entry: 'packages/testing/src/cli/sim.ts', replace: defect.replace })
  const output = await run([program, '--seeds', String(seeds), '--stop', '--no-shrink'])
  const lines = output.split('\n')
  const failed = lines.findIndex((line) => line.endsWith(' FAILED'))
  if (failed < 0) {
    // A program that did not come to its summary was stopped by the defect: that is told as what it is.
    return { after: undefined, what: /seeds in /.test(output) ? 'nothing' : `no result: ${lines.at(-1) ?? ''}` }
  }
  const after = Number(/^seed (\d+)/.exec(lines[failed] ?? '')?.[1])
  const told = lines.slice(failed + 1, failed + 3).map((line) => line.trim())
  // The first line of a report counts events; what was broken stands in the second.
  return { after, what: (/violations: /.test(told[0] ?? '') ? told[1] : told[0])?.slice(0, 140) ?? '' }
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<string>}
 */
function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (/** @type {Buffer} */ data) => {
      output += String(data)
    })
    child.on('error', reject)
    child.on('exit', () => resolve(output))
  })
}
