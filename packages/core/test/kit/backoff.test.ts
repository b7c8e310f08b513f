import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cappedBackoff, defaultRetry, exponentialBackoff, fixedBackoff } from '../../src/kit/backoff.js'

const first = <T>(count: number, make: (failures: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i + 1))

const spread = (share: number): number[] =>
  first(4, exponentialBackoff({ fromMs: 100, toMs: 400, random: () => share }))

describe('exponentialBackoff', () => {
  it('doubles its bound up to the cap', () => {
    const almostOne = exponentialBackoff({ ...defaultRetry, random: () => 0.999_999_9 })
    expect(first(10, almostOne)).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000])
  })

  it('spreads over the whole interval down to 0', () => {
    expect(spread(0)).toEqual([0, 0, 0, 0])
    expect(spread(0.5)).toEqual([50, 100, 200, 200])
  })

  it('asks for a new random number each time', () => {
    const shares = [0.1, 0.9, 0.5]
    const backoff = exponentialBackoff({ fromMs: 1_000, toMs: 1_000, random: () => shares.shift() ?? 0 })
    expect([backoff(1), backoff(1), backoff(1)]).toEqual([100, 900, 500])
  })

  it('grows by another factor when told so', () => {
    expect(first(4, exponentialBackoff({ fromMs: 10, toMs: 5_000, factor: 10, random: () => 0.999_999_9 }))).toEqual([
      10, 100, 1_000, 5_000,
    ])
  })

  it('is a whole number between 0 and the cap, however many failures there were', () => {
    const options = fc.record({
      fromMs: fc.integer({ min: 0, max: 60_000 }),
      extraMs: fc.integer({ min: 0, max: 3_600_000 }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      failures: fc.integer({ min: 1, max: 1_000_000 }),
    })
    fc.assert(
      fc.property(options, ({ fromMs, extraMs, factor, share, failures }) => {
        const delay = exponentialBackoff({ fromMs, toMs: fromMs + extraMs, factor, random: () => share })(failures)
        expect(Number.isInteger(delay)).toBe(true)
        expect(delay).toBeGreaterThanOrEqual(0)
        expect(delay).toBeLessThanOrEqual(fromMs + extraMs)
      }),
    )
  })

  it('uses real randomness when none is given', () => {
    const delays = first(50, () => exponentialBackoff({ fromMs: 1_000_000, toMs: 1_000_000 })(1))
    expect(new Set(delays).size).toBeGreaterThan(10)
  })
})

describe('other backoffs', () => {
  it('waits the same time each time when fixed', () => {
    expect(first(4, fixedBackoff(250))).toEqual([250, 250, 250, 250])
  })

  it('caps any backoff', () => {
    expect(
      first(
        4,
        cappedBackoff((failures) => failures * 100, 250),
      ),
    ).toEqual([100, 200, 250, 250])
  })

  it('retries ten times from 200 ms to 30 s by default', () => {
    expect(defaultRetry).toEqual({ attempts: 10, fromMs: 200, toMs: 30_000 })
  })
})
