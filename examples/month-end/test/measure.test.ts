import { describe, expect, it } from 'vitest'
import { createRateMeter, percentile } from '../src/measure.js'

describe('percentile', () => {
  it('is the value that the share does not exceed', () => {
    const values = [50, 10, 40, 20, 30]
    expect(percentile(values, 0.5)).toBe(30)
    expect(percentile(values, 0.99)).toBe(50)
    expect(percentile([], 0.5)).toBe(0)
  })
})

describe('createRateMeter', () => {
  it('measures an even rate', () => {
    let nowMs = 0
    const meter = createRateMeter(() => nowMs)
    for (; nowMs <= 5_000; nowMs += 10) meter.add(20)
    expect(meter.mean()).toBe(2_000)
    expect(meter.busiest()).toBe(2_000)
  })

  it('sees a burst that the mean hides', () => {
    let nowMs = 0
    const meter = createRateMeter(() => nowMs)
    for (; nowMs < 10_000; nowMs += 100) meter.add(nowMs === 4_500 ? 300 : 100)
    expect(meter.mean()).toBeLessThan(1_050)
    expect(meter.busiest()).toBe(1_200)
  })

  it('has no rate without two entries', () => {
    const meter = createRateMeter(() => 0)
    expect(meter.mean()).toBe(0)
    meter.add(5)
    expect(meter.mean()).toBe(0)
    expect(meter.busiest()).toBe(5)
  })
})
