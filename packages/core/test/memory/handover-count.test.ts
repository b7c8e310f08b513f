import { describe, expect, it } from 'vitest'
import { HandoverCount } from '../../src/memory/handover-count.js'

describe('HandoverCount', () => {
  it('counts for each message the claims that came beyond it', () => {
    const count = new HandoverCount()
    count.add(0, 10)
    count.add(0, 5)
    count.add(0, 10)
    count.add(3, 3)
    expect([0, 4, 5, 9, 10].map((offset) => count.of(offset))).toEqual([3, 3, 2, 2, 0])
    count.forgetBefore(5)
    expect([5, 9, 10].map((offset) => count.of(offset))).toEqual([2, 2, 0])
    count.forgetBefore(10)
    expect(count.of(0)).toBe(0)
  })

  it('stays small, and rather counts too little than too much', () => {
    const count = new HandoverCount()
    for (let end = 1; end <= 1_000; end += 1) count.add(0, end)
    expect(count.of(0)).toBe(1_000)
    expect(count.of(500)).toBeLessThanOrEqual(500)
    expect(count.of(1_000)).toBe(0)
  })
})
