import { parseArgs } from 'node:util'

export const usage = `Usage: npm run bench -- <suite> [options]

  --only NAME,…     these cases only, with what they are compared with
  --rounds N        turns of each subject, 5 at least  (default 5)
  --messages N      messages of one pass, 10,000 at least  (default 200000)
  --json FILE       writes { machine, results } to the file
  --quick           for development: 2 rounds of 20,000 messages. Not a measurement: bounds are shown, not judged
  --profile NAME    no figures: the functions in which the case NAME spends its time; NAME:SUBJECT for one subject of it
  --into FOLDER     where the profiles go  (default a new temporary folder)
  --list            the cases of the suite

Ends with code 1 when a bound does not hold, 2 when something could not be run.`

/** What the command line asks for. */
export interface Command {
  readonly suite: string
  readonly task: 'measure' | 'profile' | 'list'
  readonly only: readonly string[] | undefined
  readonly rounds: number
  readonly messages: number
  readonly json: string | undefined
  readonly quick: boolean
  readonly profile: ProfileChoice | undefined
  readonly into: string | undefined
}

export interface ProfileChoice {
  readonly case: string
  readonly subject: string | undefined
}

const full = { rounds: 5, messages: 200_000 }
const quick = { rounds: 2, messages: 20_000 }

/**
 * Returns `undefined` when help is asked for.
 * @throws Error that says what is wrong with which argument
 */
export function readCommandLine(args: readonly string[]): Command | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      messages: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
      into: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [suite, ...more] = positionals
  if (suite === undefined) throw new Error(`Which suite?\n\n${usage}`)
  if (more.length > 0) throw new Error(`One suite at a time, got ${positionals.join(' ')}`)
  const profile = values.profile === undefined ? undefined : readProfile(values.profile)
  refuseTogether(values, 'profile', ['only', 'rounds', 'json', 'list'])
  refuseTogether(values, 'list', ['only', 'rounds', 'messages', 'json', 'quick'])
  if (values.into !== undefined && profile === undefined) throw new Error('--into is for --profile')
  const defaults = values.quick ? quick : full
  const least = values.quick ? { rounds: 1, messages: 1_000 } : { rounds: 5, messages: 10_000 }
  return {
    suite,
    task: values.list ? 'list' : profile === undefined ? 'measure' : 'profile',
    only: values.only === undefined ? undefined : readNames(values.only),
    rounds: readNumber('--rounds', values.rounds, least.rounds, values.quick) ?? defaults.rounds,
    messages: readNumber('--messages', values.messages, least.messages, values.quick) ?? defaults.messages,
    json: readPath('--json', values.json),
    quick: values.quick,
    profile,
    into: readPath('--into', values.into),
  }
}

function readNumber(flag: string, text: string | undefined, least: number, quick: boolean): number | undefined {
  if (text === undefined) return undefined
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
  if (value >= least) return value
  const fewer = quick ? '' : ' (fewer only with --quick)'
  throw new Error(`${flag} must be a whole number, ${least} at least${fewer}, got ${JSON.stringify(text)}`)
}

function readNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new Error(`--only must be names of cases with commas between them, got "${text}"`)
  return [...new Set(names)]
}

function readPath(flag: string, text: string | undefined): string | undefined {
  if (text === '') throw new Error(`${flag} needs a path`)
  return text
}

function readProfile(text: string): ProfileChoice {
  const [name = '', subject, ...rest] = text.split(':')
  if (name === '' || subject === '' || rest.length > 0) {
    throw new Error(`--profile must be NAME or NAME:SUBJECT, got ${JSON.stringify(text)}`)
  }
  return { case: name, subject }
}

function refuseTogether(values: Readonly<Record<string, unknown>>, one: string, others: readonly string[]): void {
  const isGiven = (name: string): boolean => values[name] !== undefined && values[name] !== false
  const other = isGiven(one) ? others.find(isGiven) : undefined
  if (other !== undefined) throw new Error(`--${one} and --${other} do not go together`)
}
