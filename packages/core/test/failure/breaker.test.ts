import { describe, expect, test } from 'vitest'
import { Breaker } from '../../src/failure/breaker.js'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'

function setUp(failures = 3) {
  const clock = createSimulatedClock()
  const states: string[] = []
  let wakes = 0
  const breaker = new Breaker(
    { failures, probeMs: 100, maxProbeMs: 400 },
    { after: (ms, run) => clock.after(ms, run), changed: (s) => states.push(s), wake: () => (wakes += 1) },
  )
  return { clock, breaker, states, wakes: () => wakes }
}

const fail = (breaker: Breaker, times: number): boolean[] => Array.from({ length: times }, () => breaker.failed(false))

describe('the breaker', () => {
  test('opens at the limit of failures in a row, and the failure that opens it still counts', () => {
    const { breaker, states } = setUp()
    expect(fail(breaker, 2)).toEqual([true, true])
    expect(breaker.allows).toBe('all')
    expect(fail(breaker, 1)).toEqual([true])
    expect(breaker.allows).toBe('none')
    expect(states).toEqual(['open'])
  })

  test('a success in between starts the count anew', () => {
    const { breaker } = setUp()
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    expect(breaker.open).toBe(false)
  })

  test('what still ran when it opened counts no attempt', () => {
    const { breaker } = setUp()
    fail(breaker, 3)
    expect(fail(breaker, 5)).toEqual([false, false, false, false, false])
  })

  test('lets one probe through after the wait, doubles the wait up to the limit, closes on success', async () => {
    const { clock, breaker, states, wakes } = setUp()
    fail(breaker, 3)
    const waits: number[] = []
    for (let i = 0; i < 4; i += 1) {
      const before = clock.monotonic()
      await clock.runUntil(() => breaker.allows === 'one', 10_000)
      waits.push(clock.monotonic() - before)
      breaker.probeStarted()
      expect(breaker.allows).toBe('none')
      expect(breaker.failed(true)).toBe(false)
    }
    expect(waits).toEqual([100, 200, 400, 400])
    await clock.runUntil(() => breaker.allows === 'one', 10_000)
    breaker.probeStarted()
    const woken = wakes()
    breaker.succeeded()
    expect(breaker.allows).toBe('all')
    expect(wakes()).toBe(woken + 1)
    expect(states).toEqual(['open', 'closed'])
    expect(clock.pending).toBe(0)
  })

  test('a probe that ends without an answer lets another one try at once', async () => {
    const { clock, breaker } = setUp()
    fail(breaker, 3)
    await clock.runUntil(() => breaker.allows === 'one', 10_000)
    breaker.probeStarted()
    breaker.probeEnded()
    expect(breaker.allows).toBe('one')
  })

  test('a success of what still ran closes it and leaves no timer', () => {
    const { clock, breaker } = setUp()
    fail(breaker, 3)
    breaker.succeeded()
    expect(breaker.allows).toBe('all')
    expect(clock.pending).toBe(0)
  })
})
