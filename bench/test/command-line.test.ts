import { describe, expect, test } from 'vitest'
import { readCommandLine } from '../src/command-line.js'

describe('what it reads', () => {
  test('a suite alone: five rounds of everything', () => {
    expect(readCommandLine(['core'])).toEqual({
      suite: 'core',
      task: 'measure',
      only: undefined,
      rounds: 5,
      messages: 200_000,
      json: undefined,
      quick: false,
      profile: undefined,
      into: undefined,
    })
  })

  test('every option', () => {
    const args = ['core', '--only', 'keyed, heap,keyed', '--rounds', '7', '--messages', '50000', '--json', 'out.json']
    expect(readCommandLine(args)).toMatchObject({
      only: ['keyed', 'heap'],
      rounds: 7,
      messages: 50_000,
      json: 'out.json',
    })
  })

  test('--quick is short, and may be even shorter', () => {
    expect(readCommandLine(['core', '--quick'])).toMatchObject({ quick: true, rounds: 2, messages: 20_000 })
    const shorter = ['core', '--quick', '--rounds', '1', '--messages', '1000']
    expect(readCommandLine(shorter)).toMatchObject({ rounds: 1, messages: 1_000 })
  })

  test('--profile of a case, or of one subject of it', () => {
    expect(readCommandLine(['core', '--profile', 'keyed', '--into', 'there'])).toMatchObject({
      task: 'profile',
      profile: { case: 'keyed', subject: undefined },
      into: 'there',
    })
    expect(readCommandLine(['core', '--profile', 'keyed:log'])).toMatchObject({
      profile: { case: 'keyed', subject: 'log' },
    })
  })

  test('--list and --help', () => {
    expect(readCommandLine(['core', '--list'])).toMatchObject({ task: 'list' })
    expect(readCommandLine(['--help'])).toBeUndefined()
  })
})

test.each([
  [[], 'Which suite?'],
  [['core', 'kafka'], 'One suite at a time'],
  [['core', '--fast'], '--fast'],
  [['core', '--rounds', '4'], '--rounds must be a whole number, 5 at least (fewer only with --quick), got "4"'],
  [['core', '--rounds', '5.5'], '--rounds'],
  [['core', '--rounds=-1'], '--rounds'],
  [['core', '--messages', '1e6'], '--messages'],
  [['core', '--messages', '9999'], '10000 at least'],
  [['core', '--quick', '--messages', '999'], '1000 at least'],
  [['core', '--only', 'keyed,,heap'], '--only'],
  [['core', '--only', ''], '--only'],
  [['core', '--json', ''], '--json needs a path'],
  [['core', '--profile', ''], '--profile must be NAME'],
  [['core', '--profile', 'keyed:'], '--profile must be NAME'],
  [['core', '--profile', 'a:b:c'], '--profile must be NAME'],
  [['core', '--into', 'there'], '--into is for --profile'],
  [['core', '--profile', 'keyed', '--json', 'x'], '--profile and --json do not go together'],
  [['core', '--profile', 'keyed', '--list'], '--profile and --list do not go together'],
  [['core', '--list', '--only', 'keyed'], '--list and --only do not go together'],
])('refuses %j', (args, message) => {
  expect(() => readCommandLine(args)).toThrow(message)
})
