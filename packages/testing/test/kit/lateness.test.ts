import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { watchLateness } from '../../src/scenario/lateness.js'
import { startStopwatch } from '../../src/scenario/stopwatch.js'

const blockMs = 300

function block(): void {
  const endMs = performance.now() + blockMs
  while (performance.now() < endMs);
}

describe('what a machine takes away', () => {
  test('is told of the time in which it happened, and left out of what a stopwatch says ran', async () => {
    const lateness = watchLateness()
    const stopwatch = startStopwatch(lateness)
    const beganMs = performance.now()
    await wait(30)
    const fromMs = performance.now()
    const takenBefore = lateness.takenMs()
    block()
    await wait(1)
    const toMs = performance.now()

    // A tick of the watch may have been due only a step after the block began.
    const taken = lateness.takenBetween(fromMs, toMs)
    expect(taken).toBeGreaterThan(blockMs - 30)
    expect(taken).toBeLessThanOrEqual(toMs - fromMs)
    expect(lateness.takenMs() - takenBefore).toBeGreaterThan(blockMs - 30)
    expect(lateness.worstMs()).toBeGreaterThan(blockMs - 30)
    expect(lateness.takenBetween(beganMs, toMs)).toBeLessThanOrEqual(lateness.takenMs() + 1)
    // A part of it, and none of it.
    expect(lateness.takenBetween(fromMs + blockMs / 2, toMs)).toBeLessThan(taken - blockMs / 4)
    expect(lateness.takenBetween(toMs, toMs + 1_000)).toBe(0)

    expect(stopwatch.ms).toBeGreaterThan(blockMs)
    expect(stopwatch.ms - stopwatch.ranMs).toBeGreaterThan(blockMs - 30)
    lateness.end()
  })
})
