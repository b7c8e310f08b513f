import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { delayLevels, levelOf, longestDelayMs, waitAt } from '../src/delay-levels.js'

describe('levels', () => {
  it('take a delay from one to the next until nothing of it is left, never more than it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: longestDelayMs }), (delayMs) => {
        let waited = 0
        let steps = 0
        while (waited < delayMs) {
          const leftMs = delayMs - waited
          const level = levelOf(leftMs)
          const waitMs = waitAt(level, leftMs)
          expect(waitMs).toBeGreaterThan(0)
          expect(waitMs).toBeLessThanOrEqual(leftMs)
          waited += waitMs
          steps += 1
        }
        expect(waited).toBe(delayMs)
        expect(steps).toBeLessThanOrEqual(3 * delayLevels)
      }),
    )
  })

  it('have one wait each, but for the lowest, where it is short', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: longestDelayMs }), (delayMs) => {
        const level = levelOf(delayMs)
        if (level === 0) expect(waitAt(0, delayMs)).toBeLessThanOrEqual(100)
        else expect(waitAt(level, delayMs)).toBe(waitAt(level, longestDelayMs))
      }),
    )
  })

  it('know the longest', () => {
    expect(levelOf(longestDelayMs)).toBe(delayLevels - 1)
    expect(levelOf(0.1)).toBe(0)
    expect(levelOf(100)).toBe(0)
    expect(levelOf(100.5)).toBe(1)
  })
})
