import { spawn } from 'node:child_process'

/**
 * @typedef {object} Execution
 * @property {string} cwd
 * @property {number} [timeoutMs] the program is ended, and counts as failed, after this time
 */

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Execution} options
 * @returns {Promise<string>} what it has written to its standard output
 * @throws {Error} with everything that it has written when its exit code is not 0
 */
export function execute(command, args, { cwd, timeoutMs = 120_000 }) {
  // What the package manager that started this program has set is not meant for the project of a user.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|SLUICE_|NODE_OPTIONS$)/i.test(name)),
  )
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
  let output = ''
  let everything = ''
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    output += text
    everything += text
  })
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    everything += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${[command, ...args].join(' ')} ended with ${code ?? String(signal)}:\n${everything}`))
    })
  })
}
