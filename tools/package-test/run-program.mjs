import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../root.mjs'
import { execute } from './execute.mjs'

/** A program that has closed everything has nothing to wait for. */
const longestMs = 20_000

/**
 * Runs one of the programs in the project, as a user would. It has to end by itself.
 *
 * @param {string} project
 * @param {string} name
 * @returns {Promise<string>} what it says
 */
export async function runProgram(project, name) {
  await copyFile(join(root, 'tools', 'package-test', 'programs', name), join(project, name))
  const output = await execute(process.execPath, [name], { cwd: project, timeoutMs: longestMs })
  return `${name}: ${output.trim()}`
}
