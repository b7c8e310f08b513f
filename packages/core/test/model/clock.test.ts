import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/model/clock.js'

const waited = (ms: number): Promise<number> => {
  const start = systemClock.monotonic()
  return new Promise((resolve) => systemClock.after(ms, () => resolve(systemClock.monotonic() - start)))
}

describe('systemClock', () => {
  it('tells wall time in milliseconds of the epoch', () => {
    const before = Date.now()
    const now = systemClock.now()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
  })

  it('never runs backwards', () => {
    let last = systemClock.monotonic()
    for (let i = 0; i < 10_000; i += 1) {
      const next = systemClock.monotonic()
      expect(next).toBeGreaterThanOrEqual(last)
      last = next
    }
  })

  it('never ends a wait early, fractions included', async () => {
    const delays = Array.from({ length: 300 }, (_, i) => (i % 30) + (i % 7) / 7)
    const results = await Promise.all(delays.map(waited))
    for (const [i, took] of results.entries()) expect(took).toBeGreaterThanOrEqual(delays[i] ?? NaN)
  })

  it('runs later, never inside after', async () => {
    for (const ms of [0, -10, NaN]) {
      let ran = false
      const done = new Promise<void>((resolve) => {
        systemClock.after(ms, () => {
          ran = true
          resolve()
        })
      })
      expect(ran).toBe(false)
      await done
    }
  })

  it('does not run what was cancelled', async () => {
    let ran = 0
    const cancel = systemClock.after(1, () => (ran += 1))
    cancel()
    cancel()
    await waited(20)
    expect(ran).toBe(0)
  })
})

describe('systemClock with long waits', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('waits longer than a timer of the platform can hold', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const days = 24 * 60 * 60 * 1_000
    let ran = 0
    systemClock.after(60 * days, () => (ran += 1))
    vi.advanceTimersByTime(60 * days - 1)
    expect(ran).toBe(0)
    vi.advanceTimersByTime(1)
    expect(ran).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('cancels a long wait in any of its parts', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const cancel = systemClock.after(Infinity, () => expect.unreachable('an endless wait ended'))
    vi.advanceTimersByTime(2 ** 31 * 3)
    expect(vi.getTimerCount()).toBe(1)
    cancel()
    expect(vi.getTimerCount()).toBe(0)
  })
})
