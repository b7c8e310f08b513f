import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runSim } from './program.js'

/** What was uncertain is not sent again in its place but behind what came later. */
const defect = {
  replace: [
    {
      file: 'packages/core/src/publish/stream.ts',
      find: 'if (entry.owner !== undefined) this.#again.unshift(entry)',
      replacement: "if (entry.owner !== undefined) { entry.stage = 'ready'; this.#queue.push(entry) }",
    },
  ],
}

let folder = ''
let mutant = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-sim-'))
  mutant = join(folder, 'mutant.json')
  await writeFile(mutant, JSON.stringify(defect))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('finds a broken core, and tells a short schedule that fails again and only with that core', async () => {
  const { code, lines } = await runSim(['--seeds', '50', '--workers', '1', '--stop'], mutant)
  const told = lines.join('\n')
  expect(code, told).toBe(1)
  expect(told).toMatch(/^seed \d+ FAILED$/m)
  const [, steps, all] = /in short, (\d+) of (\d+) steps/.exec(told) ?? []
  expect(Number(steps)).toBeLessThanOrEqual(10)
  expect(Number(all)).toBeGreaterThan(30)
  const again = /^again: npm run sim -- (.*)$/m.exec(told)?.[1]?.split(' ') ?? []
  const [broken, repeated, whole] = [await runSim(again, mutant), await runSim(again, mutant), await runSim(again)]
  expect(broken.code).toBe(1)
  expect(broken.lines.join('\n')).toContain('out-of-order: ')
  expect(repeated.lines).toEqual(broken.lines)
  expect(whole.code, whole.lines.join('\n')).toBe(0)
}, 300_000)
