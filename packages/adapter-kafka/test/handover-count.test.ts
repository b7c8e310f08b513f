import { describe, expect, it } from 'vitest'
import { HandoverCount } from '../src/handover-count.js'

describe('hand-overs', () => {
  it('are those of claims before, as far as each has come', () => {
    const count = new HandoverCount(
      new Map([
        [5, 2],
        [9, 1],
      ]),
    )
    expect([0, 4, 5, 8, 9].map((offset) => count.of(offset))).toEqual([3, 3, 1, 1, 0])
  })

  it('count the claim that lives from the next one on, and are stored with it before', () => {
    const count = new HandoverCount(new Map())
    count.reach(4)
    expect(count.of(0)).toBe(0)
    expect(count.reached(0)).toEqual(new Map([[4, 1]]))
    count.next()
    expect([count.of(3), count.of(4)]).toEqual([1, 0])
    count.reach(2)
    expect(count.reached(0)).toEqual(new Map([[4, 2]]))
  })

  it('of what is settled are forgotten', () => {
    const count = new HandoverCount(new Map([[4, 3]]))
    count.reach(4)
    count.forgetBefore(4)
    expect(count.reached(4)).toEqual(new Map())
  })

  it('keep few ends apart, and never count too many', () => {
    const count = new HandoverCount(new Map())
    for (let end = 100; end < 150; end += 1) {
      count.reach(end)
      count.next()
    }
    expect(count.reached(0).size).toBeLessThanOrEqual(16)
    expect(count.of(0)).toBe(50)
    expect(count.of(149)).toBeLessThanOrEqual(1)
  })
})
