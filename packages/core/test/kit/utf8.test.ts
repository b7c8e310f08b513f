import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8, utf8Length } from '../../src/kit/utf8.js'

const anyText = fc.string({ unit: 'binary', maxLength: 120 })

describe('utf8', () => {
  it('gives back every well-formed text, byte order marks and NUL included', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text)
      }),
    )
    for (const text of [
      '',
      '\u{feff}',
      '\u{feff}a',
      '\0',
      'x'.repeat(47),
      'x'.repeat(48),
      'x'.repeat(49),
      '\u{10ffff}',
    ]) {
      expect(decodeUtf8(encodeUtf8(text))).toBe(text)
    }
  })

  it('gives no text for bytes that are no UTF-8, short or long', () => {
    const wrong = [
      [0xff],
      [0x80],
      [0xc3, 0x28],
      [0xed, 0xa0, 0x80],
      [0xc0, 0x80],
      [0x61, 0xe2, 0x82],
      [0xf4, 0x90, 0x80, 0x80],
    ]
    for (const bytes of wrong) {
      expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined()
      expect(decodeUtf8(Uint8Array.from([...encodeUtf8('x'.repeat(60)), ...bytes]))).toBeUndefined()
    }
  })

  it('gives text exactly when encoding the text gives the bytes again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const text = decodeUtf8(bytes)
        expect(text === undefined ? undefined : encodeUtf8(text)).toEqual(
          Buffer.from(Buffer.from(bytes).toString()).equals(bytes) ? bytes : undefined,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('knows the length without encoding, also of lone surrogates', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          units.map((codes) => String.fromCharCode(...codes)),
        ),
        (text) => {
          expect(utf8Length(text)).toBe(encodeUtf8(text).length)
        },
      ),
      { numRuns: 500 },
    )
    for (const text of [
      '\ud800',
      'a\udc00',
      '\ud800\ud800\udc00',
      '\ud83d\ude00',
      '\ud83d',
      '\x7f',
      '\x80',
      '\u07ff',
      '\u0800',
    ]) {
      expect(utf8Length(text)).toBe(encodeUtf8(text).length)
    }
  })
})
