/**
 * Tests the conformance kit: each defect is built into the kit's program, and one of its ids has to fail, every time.
 *
 *     npm run mutants [-- --only 1,17a] [--runs 3] [--like queue|log]
 *     npm run mutants -- --adapter rabbitmq|kafka [--only R1,R3] [--runs 3]
 *
 * With `--adapter` the defects are those of that adapter, and the kit runs at a real broker.
 * With `--sim` the simulation is tested instead, by the defects that need an unlucky order, or by those that are named: each has to
 * be found within so many seeds.
 *
 *     npm run mutants -- --sim [--only 2,3] [--seeds 2000]
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
import { findBySimulation, simulated } from './mutants/by-simulation.mjs'
import { defects, kafkaDefects, rabbitmqDefects } from './mutants/defects.mjs'

const { values } = parseArgs({
  options: {
    adapter: { type: 'string' },
    only: { type: 'string' },
    runs: { type: 'string' },
    like: { type: 'string' },
    sim: { type: 'boolean' },
    seeds: { type: 'string' },
  },
})
const wanted = values.only?.split(',') ?? (values.sim === true ? simulated : undefined)
const runs = Number(values.runs ?? 3)
const adapter = values.adapter ?? 'memory'
/** @type {ReadonlyMap<string, readonly import('./mutants/defects.mjs').Defect[]>} */
const lists = new Map([
  ['memory', defects],
  ['rabbitmq', rabbitmqDefects],
  ['kafka', kafkaDefects],
])
const known = lists.get(adapter)
if (known === undefined) throw new Error(`--adapter ${adapter}: there are no defects of it`)
if (adapter !== 'memory' && (values.like !== undefined || values.sim === true))
  throw new Error('--like and --sim are for the adapter memory')
/** What follows `--adapter`, for each behaviour. */
const chosen =
  adapter === 'memory'
    ? (values.like === undefined ? ['queue', 'log'] : [values.like]).map((like) => ['memory', '--like', like])
    : [[adapter]]
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs has to be a whole number of at least 1')
const seeds = Number(values.seeds ?? 2_000)
if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds has to be a whole number of at least 1')
if (values.sim === true && (values.runs ?? values.like) !== undefined)
  throw new Error('--runs and --like are for the kit, --sim takes --seeds')
if (values.sim !== true && values.seeds !== undefined) throw new Error('--seeds is for --sim')
for (const number of wanted ?? []) {
  if (!known.some((defect) => defect.number === number)) throw new Error(`--only ${number}: there is no such defect`)
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-mutants-'))
let survived = 0
/** @param {import('./mutants/defects.mjs').Defect} defect */
const simulate = async (defect) => {
  const { after, what } = await findBySimulation(defect, seeds)
  if (after === undefined) survived += 1
  const told = after === undefined ? `SURVIVED ${seeds} seeds` : `caught by seed ${after}`
  console.log(`${told} ${defect.number.padStart(3)}  ${defect.title} → ${what}`)
}

try {
  for (const defect of known) {
    if (wanted !== undefined && !wanted.includes(defect.number)) continue
    if (values.sim === true) {
      await simulate(defect)
      continue
    }
    const program = await bundle({ entry: 'conformance/src/kit/main.ts', replace: defect.replace })
    const caught = new Map()
    let times = 0
    for (let run = 0; run < runs; run += 1) {
      const failed = await failedIds(program, defect)
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
 * @param {import('./mutants/defects.mjs').Defect} defect
 * @returns {Promise<Set<string>>}
 */
async function failedIds(program, { ids, nodes }) {
  for (const one of chosen) {
    const json = join(folder, 'results.json')
    await rm(json, { force: true })
    const size = nodes === undefined ? [] : ['--nodes', String(nodes)]
    const limitMs = nodes === 3 ? 300_000 : 120_000
    await run([program, '--adapter', ...one, ...size, '--only', ids.join(','), '--json', json], json, limitMs)
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
 * @param {number} limitMs
 * @returns {Promise<void>}
 */
function run(args, results, limitMs) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', ...args], { stdio: 'ignore' })
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs)
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
