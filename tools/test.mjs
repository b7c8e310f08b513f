/**
 * Runs every test that needs nothing but Node, one step after the other: everything vitest knows, then each
 * `*.node-test.ts` of a package under Node's own test runner. Ends with one line that sums all of them.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from './bundle.mjs'
import { describeCounts } from './counts.mjs'
import { root } from './root.mjs'

/** A step that hangs must not hold up whoever waits for it. */
const stepLimitMs = 25 * 60 * 1000
/**
 * Steps of vitest. Brokers take a core to start, and the conformance kit has the machine for itself, because some of its tests
 * bound times and memory.
 * A project whose tests are not found would look green, so each of them has to have run some.
 */
const vitestSteps = [['types', 'unit'], ['brokers'], ['conformance']]

/** @typedef {import('./counts.mjs').Counts} Counts */

/** What failed, said once more at the end. @type {string[]} */
const failures = []

const scratch = await mkdtemp(join(tmpdir(), 'sluice-test-'))
try {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const counts of await runSteps()) {
    total.passed += counts.passed
    total.failed += counts.failed
    total.skipped += counts.skipped
  }
  console.log(`\n${[...failures, describeCounts(total)].join('\n')}`)
  if (total.failed > 0) process.exitCode = 1
} finally {
  await rm(scratch, { recursive: true, force: true })
}

/** @returns {Promise<Counts[]>} */
async function runSteps() {
  const all = []
  for (const projects of vitestSteps) all.push(await runVitest(projects))
  const files = await findNodeTests()
  if (files.length === 0) all.push(problem('No *.node-test.ts was found'))
  for (const file of files) all.push(await runNodeTest(file))
  return all
}

/**
 * @param {readonly string[]} projects
 * @returns {Promise<Counts>}
 */
async function runVitest(projects) {
  const countsFile = join(scratch, `vitest-${projects.join('-')}.json`)
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const chosen = projects.flatMap((project) => ['--project', project])
  const code = await run([vitest, 'run', ...chosen], { SLUICE_COUNTS_FILE: countsFile })
  const text = existsSync(countsFile) ? await readFile(countsFile, 'utf8') : undefined
  if (text === undefined) return problem('vitest ended without a result')

  /** @type {import('./counts.mjs').Reported} */
  const { counts, parts, failures: failed } = JSON.parse(text)
  failures.push(...failed)
  for (const project of projects) {
    if (parts[project] === undefined) counts.failed += problem(`vitest ran no test of the project ${project}`).failed
  }
  return agree(counts, code, 'vitest')
}

/** @returns {Promise<string[]>} */
async function findNodeTests() {
  const found = []
  for (const name of await readdir(join(root, 'packages'))) {
    const folder = join(root, 'packages', name, 'test')
    if (!existsSync(folder)) continue
    for (const file of await readdir(folder, { recursive: true })) {
      if (file.endsWith('.node-test.ts')) found.push(join('packages', name, 'test', file))
    }
  }
  return found.toSorted()
}

/**
 * @param {string} file
 * @returns {Promise<Counts>}
 */
async function runNodeTest(file) {
  console.log(`\n node:test  ${file}\n`)
  const program = await bundle({ entry: file }).catch((/** @type {unknown} */ error) => {
    console.log(error instanceof Error ? error.message : error)
  })
  if (program === undefined) return problem(`${file} does not compile`)

  const countsFile = join(scratch, 'node-test.txt')
  await rm(countsFile, { force: true })
  const code = await run([
    '--enable-source-maps',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=./tools/node-test-reporter.mjs`,
    `--test-reporter-destination=${countsFile}`,
    program,
  ])
  const text = existsSync(countsFile) ? await readFile(countsFile, 'utf8') : ''
  const numbers = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(text)?.slice(1).map(Number)
  const [passed = 0, failed = 0, skipped = 0] = numbers ?? []
  failures.push(...text.split('\n').filter((line) => line.startsWith('failed: ')))
  if (passed + failed + skipped === 0) return problem(`${file} ran no test`)
  return agree({ passed, failed, skipped }, code, file)
}

/**
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [environment]
 * @returns {Promise<number | null>} the exit code
 */
function run(args, environment = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: stepLimitMs,
      killSignal: 'SIGKILL',
    })
    child.on('error', reject)
    child.on('exit', (code) => resolve(code))
  })
}

/**
 * A run that ends badly has failed, whatever it counted.
 *
 * @param {Counts} counts
 * @param {number | null} code
 * @param {string} name
 * @returns {Counts}
 */
function agree(counts, code, name) {
  if (code === 0 || counts.failed > 0) return counts
  return { ...counts, failed: problem(`${name} ended with exit code ${String(code)}`).failed }
}

/**
 * @param {string} text
 * @returns {Counts}
 */
function problem(text) {
  console.log(`\n ${text}`)
  failures.push(`failed: ${text}`)
  return { passed: 0, failed: 1, skipped: 0 }
}
