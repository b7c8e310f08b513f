import { describe, expect, it } from 'vitest'
import { makeSchedule } from '../../src/simulation/make-schedule.js'
import { simulate } from '../../src/simulation/simulate.js'
import { runSim } from './program.js'

const hashOf = ({ lines }: { readonly lines: readonly string[] }): string =>
  lines.map((line) => /(?:; |happened: )([0-9a-f]{16})$/.exec(line)?.[1]).find((hash) => hash !== undefined) ?? 'none'

describe('the same seed', () => {
  it('gives the same events each time, in this process and in fresh ones, with and without a trace', async () => {
    for (const seed of [3, 8]) {
      const schedule = makeSchedule(seed)
      const outcomes = [await simulate(schedule), await simulate(makeSchedule(seed), { verbose: true })]
      const processes = [await runSim(['--seed', String(seed)]), await runSim(['--seed', String(seed)])]
      const hashes = [...outcomes.map(({ hash }) => hash), ...processes.map(hashOf)]
      expect(new Set(hashes).size, hashes.join(' ')).toBe(1)
      expect(outcomes[1]?.trace.length).toBeGreaterThan(1_000)
    }
  }, 120_000)

  it('gives the same events whatever ran before it, and on any number of threads', async () => {
    const one = hashOf(await runSim(['--seeds', '12', '--from', '40', '--workers', '1']))
    const three = hashOf(await runSim(['--seeds', '12', '--from', '40', '--workers', '3']))
    expect(one).toMatch(/^[0-9a-f]{16}$/)
    expect(three).toBe(one)
  }, 120_000)

  it('is not the same as another one', async () => {
    const [one, other] = [await simulate(makeSchedule(1)), await simulate(makeSchedule(2))]
    expect(one.hash).not.toBe(other.hash)
  }, 120_000)

  it('leaves the chance of the process as it was', async () => {
    const { random } = Math
    await simulate(makeSchedule(1))
    expect(Math.random).toBe(random)
  }, 120_000)
})
