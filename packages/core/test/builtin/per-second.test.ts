import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { perSecond } from '../../src/builtin/per-second.js'
import { createSimulatedClock, type SimulatedClock } from '../../src/kit/simulated-clock.js'
import type { Limiter, LimiterGate } from '../../src/model/limiter.js'
import { silentLogger } from '../../src/model/logger.js'

const attach = (limiter: Limiter, clock: SimulatedClock, group = 'g'): LimiterGate =>
  limiter.attach({ topic: 't', group, clock, log: silentLogger, wake: () => undefined })

/** Takes whenever it is told to come back, as a subscription with endless work does. `lateMs` is how late its timers are. */
function consume(gate: LimiterGate, clock: SimulatedClock, lateMs = 0): { readonly starts: number[]; stop(): void } {
  const starts: number[] = []
  let stopped = false
  const work = (): void => {
    if (stopped) return
    let waitMs = gate.take(null)
    while (waitMs === 0) {
      starts.push(clock.monotonic())
      waitMs = gate.take(null)
    }
    clock.after(waitMs + lateMs, work)
  }
  work()
  return { starts, stop: () => void (stopped = true) }
}

/** The largest number of starts beyond rate × window, over all windows. */
function excess(starts: readonly number[], rate: number): number {
  let most = 0
  let lowest = Infinity
  starts.forEach((atMs, index) => {
    const made = index - (atMs * rate) / 1_000
    lowest = Math.min(lowest, made)
    most = Math.max(most, made - lowest + 1)
  })
  return most
}

describe('perSecond', () => {
  it.each([0.5, 1, 3, 10, 2_000])('keeps %d per second over a long time', async (rate) => {
    const clock = createSimulatedClock()
    const { starts, stop } = consume(attach(perSecond(rate), clock), clock)
    const seconds = Math.max(10, 20 / rate)
    await clock.advance(seconds * 1_000)
    stop()
    const allowed = rate * seconds
    expect(starts.length).toBeGreaterThanOrEqual(allowed)
    expect(starts.length).toBeLessThanOrEqual(allowed + Math.max(Math.ceil(rate / 20), 2))
  })

  it('stays within 1 % when every timer is a millisecond late', async () => {
    for (const rate of [11, 20, 40, 150, 2_000]) {
      const clock = createSimulatedClock()
      const { starts, stop } = consume(attach(perSecond(rate), clock), clock, 1)
      await clock.advance(20_000)
      stop()
      expect(starts.length / (rate * 20)).toBeGreaterThan(0.99)
    }
  })

  it('has no pause at the beginning and paces evenly', () => {
    const clock = createSimulatedClock()
    const gate = attach(perSecond(2, { burst: 1 }), clock)
    expect(gate.take(null)).toBe(0)
    expect(gate.take(null)).toBe(500)
  })

  it.each([
    [0.5, 1],
    [10, 1],
    [11, 2],
    [40, 2],
    [2_000, 100],
  ])('lets %d per second start %d at once', (rate, burst) => {
    const gate = attach(perSecond(rate), createSimulatedClock())
    const at = Array.from({ length: burst + 1 }, () => gate.take(null))
    expect(at.slice(0, burst).every((waitMs) => waitMs === 0)).toBe(true)
    expect(at[burst]).toBeGreaterThan(0)
  })

  it('never starts more than burst + rate × window in any window, after stalls too', async () => {
    const stalls = fc.array(
      fc.record({ workMs: fc.integer({ min: 0, max: 900 }), idleMs: fc.integer({ min: 0, max: 5_000 }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    )
    const rates = fc.double({ min: 0.5, max: 500, noNaN: true })
    await fc.assert(
      fc.asyncProperty(rates, fc.integer({ min: 1, max: 40 }), stalls, async (rate, burst, periods) => {
        const clock = createSimulatedClock()
        const gate = attach(perSecond(rate, { burst }), clock)
        const all: number[] = []
        for (const { workMs, idleMs } of periods) {
          const { starts, stop } = consume(gate, clock)
          await clock.advance(workMs)
          stop()
          all.push(...starts)
          await clock.advance(idleMs)
        }
        expect(excess(all, rate)).toBeLessThanOrEqual(burst + 1e-3)
      }),
      { numRuns: 40 },
    )
  })

  it('sets no timer of its own', async () => {
    const clock = createSimulatedClock()
    const gate = attach(perSecond(100), clock)
    while (gate.take(null) === 0) continue
    expect(clock.pending).toBe(0)
  })

  it('shares one rate evenly among its subscriptions', async () => {
    for (const rate of [5, 100, 5_000]) {
      const clock = createSimulatedClock()
      const limiter = perSecond(rate)
      const consumers = ['a', 'b', 'c'].map((group, index) =>
        consume(attach(limiter, clock, group), clock, index * 0.3),
      )
      await clock.advance(12_000)
      for (const { stop } of consumers) stop()
      const counts = consumers.map(({ starts }) => starts.length)
      const total = counts.reduce((sum, count) => sum + count, 0)
      expect(
        excess(
          consumers.flatMap(({ starts }) => starts).sort((a, b) => a - b),
          rate,
        ),
      ).toBeLessThanOrEqual(Math.max(1, rate / 20) + 1e-3)
      expect(total).toBeGreaterThan(rate * 12 * 0.98)
      for (const count of counts) expect(Math.abs(count - total / 3)).toBeLessThan(total / 20 + 2)
    }
  })

  it('gives the whole rate to the one who wants it, whatever another had waited for', async () => {
    const clock = createSimulatedClock()
    const limiter = perSecond(100)
    const first = consume(attach(limiter, clock, 'a'), clock)
    const second = consume(attach(limiter, clock, 'b'), clock)
    await clock.advance(1_000)
    second.stop()
    const before = first.starts.length
    await clock.advance(10_000)
    first.stop()
    expect(first.starts.length - before).toBeGreaterThan(990)
  })

  it('does not let one who was away make up for it at the cost of others', async () => {
    const clock = createSimulatedClock()
    const limiter = perSecond(100)
    const first = consume(attach(limiter, clock, 'a'), clock)
    await clock.advance(60_000)
    const before = first.starts.length
    const second = consume(attach(limiter, clock, 'b'), clock)
    await clock.advance(10_000)
    first.stop()
    second.stop()
    expect(first.starts.length - before).toBeGreaterThan(480)
    expect(second.starts.length).toBeGreaterThan(480)
  })

  it('keeps the tokens of two clocks apart', async () => {
    const limiter = perSecond(1)
    const old = createSimulatedClock({ start: 1e9 })
    expect(attach(limiter, old).take(null)).toBe(0)
    expect(attach(limiter, createSimulatedClock()).take(null)).toBe(0)
  })

  it('refuses what makes no sense, naming it', () => {
    for (const rate of [0, -1, Number.NaN, Infinity, '5' as never]) {
      expect(() => perSecond(rate)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', field: 'rate' }))
    }
    for (const burst of [0, 0.5, 1.5]) {
      expect(() => perSecond(1, { burst })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', field: 'burst' }))
    }
    expect(() => perSecond(1, { bursts: 2 } as never)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }))
  })
})
