import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Summary } from '../../src/simulation/summary.js'
import { runSim } from './program.js'

const seeds = 150
/** As many as 5,000 seeds have to show a hundred times, in so few of them. */
const leastOfEach = seeds / 50

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-sim-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it.each(['queue', 'log'])(
  'keeps every promise in every order of events, and sees each situation, like %s',
  async (like) => {
    const json = join(folder, `${like}.json`)
    const { code, lines } = await runSim(['--seeds', String(seeds), '--like', like, '--json', json])
    expect(code, lines.join('\n')).toBe(0)
    const summary = JSON.parse(await readFile(json, 'utf8')) as Summary
    expect(summary).toMatchObject({ seeds, failed: [] })
    // Each seed has said by itself that it had its least; here only that they were not all the same.
    expect(summary.sums.messages).toBeGreaterThanOrEqual(seeds * 500)
    expect(summary.sums.faults).toBeGreaterThanOrEqual(seeds * 3)
    for (const [name, count] of Object.entries(summary.situations))
      expect(count, name).toBeGreaterThanOrEqual(leastOfEach)
  },
  600_000,
)
