import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { dataFile } from '../src/data-folder.js'
import { couponFile, orderFile } from '../src/made-up-data.js'

describe('the data of the example', () => {
  it('is what the generator makes', async () => {
    expect(await readFile(dataFile('coupons.csv'), 'utf8')).toBe(couponFile())
    expect(await readFile(dataFile('orders.csv'), 'utf8')).toBe(orderFile())
  })

  it('has 20,000 coupons, each with a code of its own', () => {
    const codes = couponFile()
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[0])
    expect(new Set(codes).size).toBe(20_000)
    expect(codes).toHaveLength(20_000)
  })

  it('has 2,000 orders of 3 to 6 steps', () => {
    const orders = orderFile().trimEnd().split('\n').slice(1)
    const lengths = new Set(orders.map((line) => line.split(',')[3]?.split(' ').length))
    expect(orders).toHaveLength(2_000)
    expect([...lengths].toSorted((a, b) => Number(a) - Number(b))).toEqual([3, 4, 5, 6])
  })
})
