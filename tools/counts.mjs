import { writeFileSync } from 'node:fs'

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * @typedef {object} Reported what a test run leaves behind for the program that adds up several of them
 * @property {Counts} counts
 * @property {Readonly<Record<string, number>>} parts how many tests ran in each part, by its name
 * @property {readonly string[]} failures the tests that failed, each with the first line of its error
 */

/**
 * The one line that says how a run of tests went. It is always the last.
 *
 * @param {Counts} counts
 * @returns {string}
 */
export function describeCounts({ passed, failed, skipped }) {
  return `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`
}

/**
 * One line for a failed test. Long output is often cut off at its beginning, so these are printed again at the end.
 *
 * @param {string} test
 * @param {string | undefined} message
 * @returns {string}
 */
export function describeFailure(test, message) {
  return `failed: ${test}: ${message?.split('\n', 1)[0] ?? 'no message'}`
}

/**
 * Prints the line, or leaves the counts in the file that `SLUICE_COUNTS_FILE` names.
 *
 * @param {Reported} reported
 */
export function reportCounts(reported) {
  const file = process.env['SLUICE_COUNTS_FILE']
  if (file === undefined) console.log(describeCounts(reported.counts))
  else writeFileSync(file, JSON.stringify(reported))
}
