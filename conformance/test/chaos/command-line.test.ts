import { describe, expect, it } from 'vitest'
import { chaosCommand } from '../../src/chaos/chaos-command.js'
import { readCommandLine } from '../../src/chaos/command-line.js'

describe('the command line of chaos', () => {
  it.each([
    [[], '--adapter is missing'],
    [['--adapter', 'carrier-pigeon'], '--adapter carrier-pigeon is unknown. Known: kafka, rabbitmq'],
    [['--adapter', 'constructor'], '--adapter constructor is unknown'],
    [['--adapter', 'rabbitmq', '--nodes', '2'], '--nodes 2 is not for --adapter rabbitmq. Known: 1, 3'],
    [['--adapter', 'rabbitmq', '--faults', '0'], '--faults needs a whole number of at least 1, got "0"'],
    [['--adapter', 'rabbitmq', '--seed', 'x'], '--seed needs a whole number of at least 0, got "x"'],
    [['--adapter', 'rabbitmq', '--faults', '10', '--messages', '9999'], 'At least: 10000'],
    [['--adapter', 'rabbitmq', '--only', 'F1,'], '--only names a fault without a name'],
    [['rabbitmq'], "Unexpected argument 'rabbitmq'"],
  ])('refuses %j', async (args, why) => {
    const printed: string[] = []
    expect(await chaosCommand(args, (line) => printed.push(line))).toBe(2)
    expect(printed.join('\n')).toContain(why)
  })

  it('explains itself', async () => {
    const printed: string[] = []
    expect(await chaosCommand(['--help'], (line) => printed.push(line))).toBe(0)
    expect(printed.join('\n')).toContain('--messages M')
  })

  it('reads what it is asked for', () => {
    const args = '--adapter rabbitmq --seed 4 --messages 50000 --faults 9 --nodes 3 --only F1,F10 --json out.json'
    expect(readCommandLine(args.split(' '))).toEqual({
      adapter: 'rabbitmq',
      seed: 4,
      messages: 50_000,
      faults: 9,
      nodes: 3,
      only: ['F1', 'F10'],
      json: 'out.json',
    })
    expect(readCommandLine(['--adapter', 'rabbitmq'])).toMatchObject({ seed: 1, nodes: 1, only: undefined })
  })
})
