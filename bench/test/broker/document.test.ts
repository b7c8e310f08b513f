import { expect, test } from 'vitest'
import { documentsOf, indexOf } from '../../src/broker/document.js'

test.each([128, 256, 4_096, 5_000])('documents of %d bytes have so many, whatever their place is', (bytes) => {
  const documentOf = documentsOf(bytes)
  for (const index of [0, 9, 999, 123_456]) {
    const document = documentOf(index)
    expect(Buffer.byteLength(JSON.stringify(document))).toBe(bytes)
    expect(indexOf(document)).toBe(index)
  }
})

test('a large one is made of many parts, as those of applications are', () => {
  expect(documentsOf(4_096)(0).lines.length).toBeGreaterThan(50)
})

test('what is too small is refused', () => {
  expect(() => documentsOf(80)).toThrow('a document has at least')
})
