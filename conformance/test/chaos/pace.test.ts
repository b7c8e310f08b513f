import { describe, expect, it } from 'vitest'
import { gapMs, Pace } from '../../src/chaos/pace.js'
import type { Planned } from '../../src/chaos/schedule.js'

const planned = (expectedMs: number): Planned => ({
  kind: { id: 'F1', title: '', expectedMs, weight: 1, run: () => Promise.resolve('') },
  seed: 1,
})
const schedule = Array.from({ length: 100 }, () => planned(6_000))

describe('the pace of a run', () => {
  it('leaves room between faults when there are many messages, and hurries when there are few', () => {
    expect(gapMs(1_000_000, schedule)).toBeCloseTo(3_091, 0)
    expect(gapMs(10_000, schedule)).toBe(500)
  })

  it('never runs out of messages while faults are left, also when each of them takes three times as long', () => {
    const gap = gapMs(200_000, schedule)
    const pace = new Pace(200_000, schedule, gap, 0)
    let [now, published] = [0, 0]
    for (let over = 0; over < schedule.length; over++) {
      const perSecond = pace.perSecond(published, over, now)
      const ms = 3 * (6_000 + gap)
      published += (perSecond * ms) / 1_000
      now += ms
      expect(published).toBeLessThan(199_000)
    }
    expect(pace.perSecond(published, schedule.length, now)).toBeGreaterThan(50)
  })
})
