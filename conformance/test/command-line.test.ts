import { describe, expect, it } from 'vitest'
import { readCommandLine } from '../src/kit/command-line.js'
import { kitCommand } from '../src/kit/kit-command.js'

describe('the command line of the kit', () => {
  it.each([
    [[], '--adapter is missing'],
    [['--adapter', 'constructor'], '--adapter constructor is unknown. Known: memory'],
    [['--adapter', 'carrier-pigeon'], '--adapter carrier-pigeon is unknown. Known: memory'],
    [['--adapter', 'memory', '--like', 'stack'], '--like stack is unknown for memory. Known: queue, log'],
    [['--adapter', 'memory', '--nodes', '3'], '--nodes is not for --adapter memory'],
    [['--adapter', 'memory', '--only', 'P1,P99'], '--only names ids that do not exist: "P99"'],
    [['--adapter', 'memory', '--repeat', '0'], '--repeat needs a whole number of at least 1, got "0"'],
    [['--adapter', 'memory', '--seed', 'x'], '--seed needs a whole number of at least 0, got "x"'],
    [['memory'], "Unexpected argument 'memory'"],
  ])('refuses %j', async (args, why) => {
    const printed: string[] = []
    expect(await kitCommand(args, (line) => printed.push(line))).toBe(2)
    expect(printed.join('\n')).toContain(why)
  })

  it('reads what it is asked for', () => {
    expect(readCommandLine(['--adapter', 'memory', '--like', 'log', '--only', 'P1, O3', '--seed', '7'])).toMatchObject({
      adapter: 'memory',
      choice: { like: 'log' },
      only: ['P1', 'O3'],
      repeat: 1,
      run: { variant: 'plain', long: false, seed: 7 },
    })
  })

  it('runs an id against each behaviour', async () => {
    const printed: string[] = []
    expect(await kitCommand(['--adapter', 'memory', '--only', 'P5'], (line) => printed.push(line))).toBe(0)
    expect(printed.filter((line) => line.startsWith('passed  P5'))).toHaveLength(2)
    expect(printed.join('\n')).toContain('memory log')
  })
})
