import { expect, test } from 'vitest'
import { cpuMicrosOf } from '../../src/broker/process-cpu.js'

test('time in the program and in the system, also when the name has spaces and parentheses in it', () => {
  const stat = '4711 (a (b) c 9) S 1 4711 4711 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 30 0 12345 0 0'
  expect(cpuMicrosOf(stat)).toBe(3_000_000)
})

test('what is something else is refused', () => {
  expect(() => cpuMicrosOf('no such file')).toThrow('this is no /proc')
})
