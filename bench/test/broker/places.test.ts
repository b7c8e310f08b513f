import { expect, test } from 'vitest'
import { documentsOf } from '../../src/broker/document.js'
import { Places } from '../../src/broker/places.js'

const documentOf = documentsOf(256)

test('each once, in any order', () => {
  const places = new Places(3)
  expect([2, 0, 1].map((place) => places.add(documentOf(place)))).toEqual([false, false, true])
  places.check()
  places.expect(1)
  expect(() => places.check()).toThrow('handled 0')
})

test.each([
  ['one that is missing', [0, 1]],
  ['one that came twice beside one that is missing', [0, 1, 1]],
  ['one too many', [0, 1, 2, 0]],
])('finds %s', (_, given) => {
  const places = new Places(3)
  for (const place of given) places.add(documentOf(place))
  expect(() => places.check()).toThrow('3 messages')
})
