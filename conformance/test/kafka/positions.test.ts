import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countOutside, type Run } from '../../src/kafka/operate/positions.js'

it('counts what is in none of the runs, however they lie', () => {
  const run = fc.tuple(fc.nat(60), fc.nat(20)).map(([first, length]): Run => ({ first, last: first + length }))
  fc.assert(
    fc.property(fc.nat(50), fc.nat(40), fc.array(run, { maxLength: 8 }), (from, length, runs) => {
      let count = 0
      for (let at = from; at < from + length; at += 1)
        if (runs.every(({ first, last }) => at < first || at > last)) count += 1
      expect(countOutside(from, from + length, runs)).toBe(count)
    }),
  )
})
