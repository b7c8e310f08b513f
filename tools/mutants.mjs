/**
 * Tests the conformance kit: each defect is built into the kit's program, and one of its ids has to fail, every time.
 *
 *     npm run mutants [-- --only 1,17a] [--runs 3] [--like queue|log]
 *
 * Exit code 1 when a defect was not caught in every run.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.mjs'
import { defects } from './mutants/defects.mjs'

const { values } = parseArgs({
  options: { only: { type: 'string' }, runs: { type: 'string' }, like: { type: 'string' } },
})
const wanted = values.only?.split(',')
const runs = Number(values.runs ?? 3)
const likes = values.like === undefined ? ['queue', 'log'] : [values.like]
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs has to be a whole number of at least 1')
for (const number of wanted ?? []) {
  if (!defects.some((defect) => defect.number === number)) throw new Error(`--only ${number}: there is no such defect`)
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-mutants-'))
let survived = 0
try {
  for (const defect of defects) {
    if (wanted !== undefined && !wanted.includes(defect.number)) continue
    const program = await bundle({ entry: 'packages/testing/src/cli/kit.ts', replace: defect.replace })
    const caught = new Map()
    let times = 0
    for (let run = 0; run < runs; run += 1) {
      const failed = await failedIds(program, defect.ids)
      if (failed.size > 0) times += 1
      for (const id of failed) caught.set(id, (caught.get(id) ?? 0) + 1)
    }
    const ok = times === runs
    if (!ok) survived += 1
    const by = [...caught].map(([id, count]) => `${id} ×${count}`).join(', ')
    console.log(
      `${ok ? 'caught  ' : 'SURVIVED'} ${defect.number.padStart(3)}  ${defect.title} → ${by === '' ? 'nothing' : by} (${times} of ${runs})`,
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
if (survived > 0) {
  console.log(`${survived} defects were not caught in every run`)
  process.exitCode = 1
}

/**
 * The ids that failed in one behaviour at least; the second is asked only when the first found nothing.
 *
 * @param {string} program
 * @param {readonly string[]} ids
 * @returns {Promise<Set<string>>}
 */
async function failedIds(program, ids) {
  for (const like of likes) {
    const json = join(folder, 'results.json')
    await rm(json, { force: true })
    await run([program, '--adapter', 'memory', '--like', like, '--only', ids.join(','), '--json', json], json)
    const report = await readFile(json, 'utf8').then(JSON.parse, () => undefined)
    // A kit that did not come to its end was stopped by the defect: that is caught too, but named as what it is.
    if (report === undefined) return new Set(['(no result)'])
    const failed = report.results.filter((/** @type {{ status: string }} */ { status }) => status === 'failed')
    if (failed.length > 0) return new Set(failed.map((/** @type {{ id: string }} */ { id }) => id))
  }
  return new Set()
}

/**
 * Runs the kit until it ends, or, because a defect may keep it alive, until it has written its results.
 *
 * @param {readonly string[]} args
 * @param {string} results
 * @returns {Promise<void>}
 */
function run(args, results) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', ...args], { stdio: 'ignore' })
    const limit = setTimeout(() => child.kill('SIGKILL'), 120_000)
    const look = setInterval(() => {
      if (isWhole(results)) child.kill('SIGKILL')
    }, 1_000)
    child.on('error', reject)
    child.on('exit', () => {
      clearTimeout(limit)
      clearInterval(look)
      resolve()
    })
  })
}

/**
 * @param {string} file
 * @returns {boolean}
 */
function isWhole(file) {
  try {
    JSON.parse(readFileSync(file, 'utf8'))
    return true
  } catch {
    return false
  }
}
