import { expect, test } from 'vitest'
import { mean, spreadOf } from '../src/statistics.js'

test('the median is the middle, and does not depend on the order', () => {
  expect(spreadOf([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 })
  expect(spreadOf([10, 9, 100, 1])).toEqual({ median: 9.5, min: 1, max: 100 })
  expect(spreadOf([3])).toEqual({ median: 3, min: 3, max: 3 })
})

test('numbers are sorted as numbers, and stay where they were', () => {
  const values = [100, 20, 3]
  expect(spreadOf(values)).toEqual({ median: 20, min: 3, max: 100 })
  expect(values).toEqual([100, 20, 3])
})

test('nothing has no middle', () => {
  expect(() => spreadOf([])).toThrow(RangeError)
  expect(() => mean([])).toThrow(RangeError)
  expect(mean([1, 2, 6])).toBe(3)
})
