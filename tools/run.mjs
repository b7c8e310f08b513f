/**
 * Runs a TypeScript program of this repository:
 *
 *     node tools/run.mjs [--mutant <file.json>] <entry.ts> [arguments of the program]
 *
 * The JSON file holds `{ "replace": [{ "file", "find", "replacement" }] }`. The exit code is the program's own; 2 when
 * it could not be started.
 */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { bundle } from './bundle.mjs'

const usage = 'Usage: node tools/run.mjs [--mutant <file.json>] <entry.ts> [arguments of the program]'

try {
  const { entry, mutant, rest } = readArguments(process.argv.slice(2))
  const replace = mutant === undefined ? [] : await readMutant(mutant)
  const program = await bundle({ entry, replace })
  run(process.execPath, ['--enable-source-maps', program, ...rest])
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

/**
 * @param {readonly string[]} given
 * @returns {{ entry: string, mutant: string | undefined, rest: readonly string[] }}
 */
function readArguments(given) {
  const hasMutant = given[0] === '--mutant'
  const [entry, ...rest] = given.slice(hasMutant ? 2 : 0)
  if (entry === undefined || entry.startsWith('-')) throw new Error(usage)
  return { entry, mutant: hasMutant ? given[1] : undefined, rest }
}

/**
 * @param {string} file
 * @returns {Promise<readonly import('./bundle.mjs').Replacement[]>}
 */
async function readMutant(file) {
  /** @type {unknown} */
  const mutant = JSON.parse(await readFile(file, 'utf8'))
  if (typeof mutant !== 'object' || mutant === null || !('replace' in mutant) || !Array.isArray(mutant.replace)) {
    throw new Error(`${file} has to hold { "replace": [{ "file", "find", "replacement" }] }`)
  }
  return mutant.replace.map((/** @type {unknown} */ one) => {
    if (
      typeof one === 'object' &&
      one !== null &&
      'file' in one &&
      'find' in one &&
      'replacement' in one &&
      typeof one.file === 'string' &&
      typeof one.find === 'string' &&
      typeof one.replacement === 'string'
    ) {
      return { file: one.file, find: one.find, replacement: one.replacement }
    }
    throw new Error(`${file}: each of "replace" has to hold the texts "file", "find" and "replacement"`)
  })
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function run(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' })
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(error.message)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  })
}
