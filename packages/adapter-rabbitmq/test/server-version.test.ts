import { expect, it } from 'vitest'
import { isOlder } from '../src/server-version.js'

it.each([
  ['3.10.8', true],
  ['4.3.2', true],
  ['4.3.3', false],
  ['4.3.3-rc.1', false],
  ['4.10.0', false],
  ['5.0', false],
  ['4.3', true],
  ['3.13.7+1.g0a1b2c3', true],
  ['unknown', undefined],
  ['', undefined],
])('version %s is older than 4.3.3: %s', (version, older) => {
  expect(isOlder(version, '4.3.3')).toBe(older)
})
