import { expect, test } from 'vitest'
import { percentile } from '../../src/broker/percentile.js'

test('the value that so many are not above, whatever their order is', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(percentile(values, 0.5)).toBe(50)
  expect(percentile(values, 0.99)).toBe(99)
  expect(percentile(values, 1)).toBe(100)
  expect(percentile([7], 0.5)).toBe(7)
  expect(percentile([10, 9, 100], 0)).toBe(9)
})

test('there is none of nothing', () => {
  expect(() => percentile([], 0.5)).toThrow(RangeError)
})
