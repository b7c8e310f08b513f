import { isDeepStrictEqual, inspect } from 'node:util'
import { isSluiceError, type ErrorCode, type SluiceError } from '@sluice/core'

/** A statement of a conformance test that does not hold. */
export class ConformanceFailure extends Error {
  override readonly name: string = 'ConformanceFailure'
}

/** Assertions of the kit: every one says what was expected of whom. */
export interface Assert {
  ok(condition: unknown, what: string): asserts condition
  /** Deep and strict. */
  equal<T>(actual: T, expected: T, what: string): void
  atMost(actual: number, limit: number, what: string): void
  atLeast(actual: number, limit: number, what: string): void
  /** The promise rejects with a SluiceError of one of the codes. Resolves with it. */
  rejects(promise: Promise<unknown>, code: ErrorCode | readonly ErrorCode[], what: string): Promise<SluiceError>
  fail(what: string): never
}

export const assert: Assert = {
  ok(condition, what) {
    if (!condition) fail(what)
  },
  equal(actual, expected, what) {
    if (!isDeepStrictEqual(actual, expected)) fail(`${what}: expected ${show(expected)}, got ${show(actual)}`)
  },
  atMost(actual, limit, what) {
    if (!(actual <= limit)) fail(`${what}: expected at most ${limit}, got ${actual}`)
  },
  atLeast(actual, limit, what) {
    if (!(actual >= limit)) fail(`${what}: expected at least ${limit}, got ${actual}`)
  },
  async rejects(promise, code, what) {
    const codes = typeof code === 'string' ? [code] : code
    const outcome = await promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    if ('value' in outcome)
      return fail(`${what}: expected ${codes.join(' or ')}, but it resolved with ${show(outcome.value)}`)
    if (isSluiceError(outcome.error) && codes.includes(outcome.error.code)) return outcome.error
    throw new ConformanceFailure(
      `${what}: expected ${codes.join(' or ')}, but it rejected with ${show(outcome.error)}`,
      {
        cause: outcome.error,
      },
    )
  },
  fail,
}

function fail(what: string): never {
  throw new ConformanceFailure(what)
}

/** A value for a message: short. */
export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  const text = inspect(value, { depth: 4, breakLength: Infinity, maxArrayLength: 10, maxStringLength: 200 })
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}
