import { expect, it } from 'vitest'
import { isSluiceError, type ErrorCode, type SluiceError } from '../../src/index.js'
import { shown } from './values.js'

/** What a call with bad input has to say. */
export interface Refusal {
  readonly code: ErrorCode
  readonly field: string | undefined
  /** What to do about it. */
  readonly says: RegExp
}

/** Texts go to logs and terminals: no line may be forged by a name, and none may be a book. */
const mostCharacters = 700

/** But for line breaks: those come from what the engine says of a circular structure, never from a name. */
const isControl = (character: string): boolean => (character < ' ' && character !== '\n') || character === '\u007f'

/** @returns the error, for what a test wants to know beyond this */
export function expectRefusal(error: unknown, { code, field, says }: Refusal): SluiceError {
  if (!isSluiceError(error)) throw new Error(`expected a SluiceError, got ${shown(error)}`, { cause: error })
  expect({ code: error.code, field: error.field }, error.message).toEqual({ code, field })
  expect(error.message.startsWith(`${code}: `), error.message).toBe(true)
  expect(error.message).toMatch(says)
  expect(error.message.length, error.message.slice(0, 200)).toBeLessThanOrEqual(mostCharacters)
  expect(Array.from(error.message).filter(isControl)).toEqual([])
  return error
}

/** The call throws, at once. */
export function expectThrown(run: () => unknown, refusal: Refusal): SluiceError {
  let result: unknown
  try {
    result = run()
  } catch (error) {
    return expectRefusal(error, refusal)
  }
  throw new Error(`nothing was thrown, the call returned ${shown(result)}`)
}

/** The call returns a promise, whatever it was given, and that rejects. */
export async function expectRejected(run: () => unknown, refusal: Refusal): Promise<SluiceError> {
  let returned: unknown
  try {
    returned = run()
  } catch (error) {
    throw new Error('the call threw instead of returning a promise that rejects', { cause: error })
  }
  expect(returned).toBeInstanceOf(Promise)
  let result: unknown
  try {
    result = await returned
  } catch (error) {
    return expectRefusal(error, refusal)
  }
  throw new Error(`the promise resolved with ${shown(result)}`)
}

/** One row: these values in this place are refused with this. */
export interface Row extends Refusal {
  readonly values: readonly unknown[]
  /** Builds the options around one of the values. */
  readonly make: (value: unknown) => object
  readonly what: string
}

/** One option by its name, refused as INVALID_OPTION. `at` is its path in the error. */
export function option(name: string, values: readonly unknown[], says: RegExp, at: string = name): Row {
  return { what: at, values, make: (value) => ({ [name]: value }), code: 'INVALID_OPTION', field: at, says }
}

/** An option of an option: `window.messages`. */
export function inner(outer: string, name: string, values: readonly unknown[], says: RegExp): Row {
  return { ...option(name, values, says, `${outer}.${name}`), make: (value) => ({ [outer]: { [name]: value } }) }
}

/** Keys that no options object has, and a key that cannot be read. */
export function strangeKeys(where: string, aKnownKey: string): readonly Row[] {
  const unknown = { code: 'UNKNOWN_OPTION', says: /does not exist\. Known: / } as const
  const own = (key: string) => (): object => Object.defineProperty({}, key, { enumerable: true, value: 1 })
  const thrower = (): object =>
    Object.defineProperty({}, aKnownKey, {
      enumerable: true,
      get: () => {
        throw new Error('the getter threw')
      },
    })
  const unread = { code: 'INVALID_OPTION', values: [1], field: `${where}.${aKnownKey}` } as const
  const long = 'k'.repeat(10_000)
  return [
    ...['__proto__', 'constructor', 'toString', 'x'].map((key) => ({
      ...{ ...unknown, what: `the key ${key}`, values: [1], make: own(key), field: `${where}.${key}` },
    })),
    { ...unknown, what: 'a very long key', values: [1], make: own(long), field: `${where}.${long.slice(0, 64)}…` },
    { ...unknown, what: 'a key with a line break', values: [1], make: own('a\nb'), field: String.raw`${where}.a\nb` },
    {
      ...unread,
      what: `a getter of ${aKnownKey} that throws`,
      make: thrower,
      says: /cannot be read: the getter threw/,
    },
  ]
}

/** Declares a test per row and value. `nothingLeft` runs after each: what was refused leaves no trace. */
export function describeRows(
  rows: readonly Row[],
  expectRefused: (options: object, refusal: Refusal) => Promise<SluiceError> | SluiceError,
): void {
  const cases = rows.flatMap((row) => row.values.map((value) => [row.what, shown(value), row, value] as const))
  it.each(cases)('%s: %s', async (_, __, row, value) => {
    await expectRefused(row.make(value), row)
  })
}
