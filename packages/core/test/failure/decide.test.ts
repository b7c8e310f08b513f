import { describe, expect, test } from 'vitest'
import { PermanentError, RetryAfterError } from '../../src/errors/handler-errors.js'
import { decide } from '../../src/failure/decide.js'
import { defaultRetryPolicy } from '../../src/failure/default-policy.js'
import type { RetryPolicy } from '../../src/failure/policy.js'

const policy: RetryPolicy = {
  name: 'three',
  placement: 'auto',
  decide: ({ attempt }) => (attempt >= 3 ? { kind: 'exhausted' } : { kind: 'retry', delayMs: 70 }),
}
const failure = (attempt: number, error: unknown = new Error('x')) => ({ attempt, error, elapsedMs: 0 })

describe('decide', () => {
  test('follows the policy', () => {
    expect(decide(failure(1), policy, undefined)).toEqual({ kind: 'retry', delayMs: 70 })
    expect(decide(failure(3), policy, undefined)).toEqual({ kind: 'exhausted' })
  })
  test('a permanent error goes to the dead letters at once', () => {
    expect(decide(failure(1, new PermanentError('no')), policy, undefined)).toEqual({ kind: 'dead-letter' })
  })
  test('the delay of the error or of the handler wins, the count of attempts stays', () => {
    expect(decide(failure(1, new RetryAfterError(5)), policy, undefined)).toEqual({ kind: 'retry', delayMs: 5 })
    expect(decide(failure(1), policy, 9)).toEqual({ kind: 'retry', delayMs: 9 })
    expect(decide(failure(3, new RetryAfterError(5)), policy, 9)).toEqual({ kind: 'exhausted' })
  })
  test('without a policy there is one attempt', () => {
    expect(decide(failure(1), false, undefined)).toEqual({ kind: 'exhausted' })
  })
})

describe('the default policy', () => {
  test('has 10 attempts whose delays lie between 0 and a bound that doubles from 200 ms to 30 s', () => {
    const longest = defaultRetryPolicy(() => 0.999_999)
    const delays = Array.from({ length: 10 }, (_, i) => longest.decide(failure(i + 1)))
    const bounds = [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000]
    expect(delays).toEqual([...bounds.map((delayMs) => ({ kind: 'retry', delayMs })), { kind: 'exhausted' }])
    expect(defaultRetryPolicy(() => 0).decide(failure(5))).toEqual({ kind: 'retry', delayMs: 0 })
  })
})
