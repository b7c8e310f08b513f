import { expect, it } from 'vitest'
import { runSeed } from './random/world.js'

/** `SLUICE_SEED=17` runs one seed, `SLUICE_SEEDS=1000:5000` those from the first to before the second. */
const seeds = (): number[] => {
  const { SLUICE_SEED: one, SLUICE_SEEDS: many } = process.env
  if (one !== undefined) return [Number(one)]
  const [from = 1, to = 201] = many?.split(':').map(Number) ?? []
  return Array.from({ length: to - from }, (_, index) => from + index)
}

it('consumes through any faults: nothing lost, order kept, everything at rest in the end', async () => {
  const failed: string[] = []
  const verbose = process.env['SLUICE_SEED'] !== undefined
  for (const seed of seeds()) {
    const { problems, plan, trace } = await runSeed(seed, verbose)
    if (problems.length === 0) continue
    failed.push(`seed ${seed} (SLUICE_SEED=${seed}): ${problems.join('\n  ')}`)
    if (verbose) failed.push(JSON.stringify(plan, undefined, 1), ...trace)
    if (failed.length > 10) break
  }
  expect(failed.join('\n')).toBe('')
}, 3_600_000)
