import { expect, test } from 'vitest'
import { floorCase } from '../src/floor.js'

const work = floorCase.subjects[0]?.work
const read = (output: string): unknown => (work?.kind === 'program' ? work.read(output) : undefined)

test('its first round warms up, the mean of the others counts', () => {
  const output = '9.99 us/msg 1 /s\n2.00 us/msg 400000 /s\n3.00 us/msg 500000 /s\n'
  expect(read(output)).toEqual({ messagesPerSecond: 450_000, cpuMicros: 2.5 })
})

test.each([
  ['2.00 us/msg 400000 /s\n', 'should print 3 rounds, it printed 1'],
  ['NaN us/msg 1 /s\n', 'not understood: NaN us/msg 1 /s'],
  ['', 'not understood'],
])('refuses what it does not understand: %j', (output, message) => {
  expect(() => read(output)).toThrow(message)
})
