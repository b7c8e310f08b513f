import { describe, expect, it } from 'vitest'
import { readSimArguments } from '../../src/cli/sim-arguments.js'
import { simCommand } from '../../src/cli/sim.js'
import { rareSituations, summarize } from '../../src/simulation/summary.js'
import type { Outcome } from '../../src/simulation/simulate.js'
import { situationNames, type Situation } from '../../src/simulation/situations.js'

describe('the command line of the simulation', () => {
  it.each([
    [['--seeds', '0'], '--seeds needs a whole number of at least 1, got "0"'],
    [['--seeds', 'many'], '--seeds needs a whole number of at least 1, got "many"'],
    [['--from', '-1'], "Option '--from' argument is ambiguous"],
    [['--like', 'kafka'], '--like has to be queue or log, got "kafka"'],
    [['--trace'], '--steps and --trace are for one --seed'],
    [['--seed', '3', '--seeds', '5'], '--seeds is for many seeds, --seed names one: leave one of them out'],
    [['--seed', '3', '--steps', 'all'], '--steps needs numbers as in "3,7:2,9", got "all"'],
    [['--sneeds', '3'], "Unknown option '--sneeds'"],
    [['3'], "Unexpected argument '3'"],
  ])('refuses %j', async (args, why) => {
    const printed: string[] = []
    expect(await simCommand(args, (line) => printed.push(line))).toBe(2)
    expect(printed.join('\n')).toContain(why)
  })

  it('has its defaults, and tells them', async () => {
    expect(readSimArguments([])).toMatchObject({ from: 1, count: 300, like: undefined, stop: false, shrinks: true })
    const printed: string[] = []
    expect(await simCommand(['--help'], (line) => printed.push(line))).toBe(0)
    expect(printed.join('\n')).toContain('--seeds N          how many seeds (300)')
  })
})

describe('a summary', () => {
  const outcome = (seed: number, often: number): Outcome => ({
    ...{ seed, problems: [], messages: 500, instances: 2, faults: 3, runs: 9, events: 20, hash: `h${seed}`, trace: [] },
    situations: Object.fromEntries(situationNames.map((name) => [name, often])) as Record<Situation, number>,
  })

  it('asks for every situation a hundred times in 5,000 seeds', () => {
    const many = Array.from({ length: 5_000 }, (_, seed) => outcome(seed, seed < 100 ? 1 : 0))
    expect(rareSituations(summarize(many))).toEqual([])
    expect(rareSituations(summarize([...many.slice(1), outcome(0, 0)]))).toEqual(situationNames)
    expect(rareSituations(summarize([outcome(1, 0)]))).toEqual([])
  })

  it('does not depend on the order in which seeds ended', () => {
    const [one, other] = [outcome(1, 1), outcome(2, 1)]
    expect(summarize([one, other])).toEqual(summarize([other, one]))
  })
})
