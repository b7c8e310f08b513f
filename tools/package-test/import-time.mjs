import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const limitMs = 15
/** The limit is one of an idle machine, where an empty program takes 35 to 45 ms. Where it takes longer than this, no time is judged. */
const idleMs = 60
const runs = 21

const connecting = `import { connect } from '@sluice/core'
const messaging = await connect('memory:')
await messaging.close()
`
const programs = {
  'empty.mjs': '',
  'import.mjs': `import '@sluice/core'\n`,
  'connect.mjs': connecting,
  'empty.cjs': '',
  'require.cjs': `require('@sluice/core')\n`,
}
/** @typedef {keyof typeof programs} Program */
const names = /** @type {readonly Program[]} */ (Object.keys(programs))

/**
 * How much longer a program takes that imports Sluice. The programs take turns, so that a busy machine is busy for all of
 * them. This checks the package and is no test of a unit: what it measures depends on the machine.
 *
 * @param {string} project
 * @returns {Promise<readonly string[]>} what was measured
 * @throws {Error} when the import takes too long
 */
export async function measureImports(project) {
  for (const name of names) await writeFile(join(project, name), programs[name])
  /** @type {Map<Program, number[]>} */
  const times = new Map(names.map((name) => [name, []]))
  // One more than counts: the first fills the caches of the system.
  for (let run = 0; run <= runs; run += 1) {
    for (const name of names) {
      const ms = timeOf(project, name)
      if (run > 0) times.get(name)?.push(ms)
    }
  }
  /** @type {(program: Program, empty: Program) => number} */
  const more = (program, empty) => fastest(times.get(program) ?? []) - fastest(times.get(empty) ?? [])
  const imported = more('import.mjs', 'empty.mjs')
  const required = more('require.cjs', 'empty.cjs')
  const connected = more('connect.mjs', 'empty.mjs')
  const lines = [
    `import of the main entry: ${imported.toFixed(1)} ms more than an empty program (fastest of ${runs} runs in turn)`,
    `require of the main entry: ${required.toFixed(1)} ms; import, connect('memory:') and close: ${connected.toFixed(1)} ms`,
  ]
  const emptyMs = fastest(times.get('empty.mjs') ?? [])
  if (emptyMs > idleMs) {
    return [...lines, `not judged: an empty program takes ${emptyMs.toFixed(0)} ms here, more than ${idleMs}`]
  }
  if (imported >= limitMs || required >= limitMs) {
    throw new Error(
      `${lines.join('\n')}\nImporting has to stay below ${limitMs} ms (an empty program takes ${emptyMs.toFixed(0)} ms)`,
    )
  }
  return lines
}

/**
 * @param {string} project
 * @param {Program} name
 * @returns {number} milliseconds from start to end
 */
function timeOf(project, name) {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [name], { cwd: project, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} failed:\n${stderr}`)
  return performance.now() - startedAt
}

/**
 * Whatever else the machine does only ever adds time.
 *
 * @param {readonly number[]} values
 * @returns {number}
 */
function fastest(values) {
  return Math.min(...values)
}
