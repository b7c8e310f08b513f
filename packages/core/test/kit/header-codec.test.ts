import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeHeaders, readHeaders } from '../../src/kit/header-codec.js'
import { encodeUtf8 } from '../../src/kit/utf8.js'
import type { HeaderList } from '../../src/model/headers.js'

const visible = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i)).filter((c) => c !== ':')
const names = fc.string({ unit: fc.constantFrom(...visible), minLength: 1, maxLength: 256 })
const texts = fc.string({ unit: 'binary', maxLength: 60 })

function listOf(headers: unknown): HeaderList {
  const result = encodeHeaders(headers)
  if (!result.ok) throw new Error(`${result.field}: ${result.reason}`)
  return result.headers
}

describe('encodeHeaders', () => {
  it('takes every visible name and every well-formed text, in order, and reads them back', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(names, texts), { selector: ([name]) => name, maxLength: 8 }), (entries) => {
        const given = Object.create(null) as Record<string, string>
        for (const [name, value] of entries) given[name] = value
        const list = listOf(given)
        expect(list).toEqual(Object.entries(given))
        expect({ ...readHeaders(list) }).toEqual({ ...given })
      }),
    )
  })

  it('takes a name of 256 characters', () => {
    expect(listOf({ ['x'.repeat(256)]: '' })).toEqual([['x'.repeat(256), '']])
  })

  it('has nothing to list without headers', () => {
    expect(listOf(undefined)).toEqual([])
    expect(listOf({})).toEqual([])
  })

  it('is not reached by later changes of the object', () => {
    const given: Record<string, string> = { a: '1' }
    const list = listOf(given)
    given['a'] = '2'
    given['b'] = '3'
    expect(list).toEqual([['a', '1']])
  })

  it.each([
    ['an empty name', '', 'headers[""]'],
    ['a space', 'a b', 'headers["a b"]'],
    ['a colon', 'a:b', 'headers["a:b"]'],
    ['a line break', 'a\nb', 'headers["a\\nb"]'],
    ['a trailing line break', 'a\n', 'headers["a\\n"]'],
    ['a control character', '\u007f', String.raw`headers["\u007f"]`],
    ['a letter outside ASCII', 'grün', 'headers["grün"]'],
    ['257 characters', 'x'.repeat(257), `headers["${'x'.repeat(64)}…"]`],
  ])('refuses a name with %s', (_, name, field) => {
    const result = encodeHeaders({ fine: 'x', [name]: 'x' })
    expect(result).toMatchObject({ ok: false, field, reason: expect.stringMatching(/name/) })
  })

  it.each([
    ['a number', 1, /got number/],
    ['undefined', undefined, /got undefined/],
    ['null', null, /got null/],
    ['bytes', Uint8Array.of(1), /got Uint8Array/],
    ['an array', ['x'], /got Array/],
    ['an object', {}, /got Object/],
    ['a lone surrogate', 'a\ud800', /lone surrogate/],
  ])('refuses %s as a value', (_, value, reason) => {
    expect(encodeHeaders({ 'x-tenant': value })).toMatchObject({
      ok: false,
      field: 'headers["x-tenant"]',
      reason: expect.stringMatching(reason),
    })
  })

  it.each([
    ['null', null, /got null/],
    ['text', 'a: b', /got string/],
    ['an array', [['a', 'b']], /got Array/],
    ['a Map, whose entries would be overlooked', new Map([['a', 'b']]), /got Map/],
    ['Headers of fetch', new Headers({ a: 'b' }), /got Headers/],
  ])('refuses %s instead of an object', (_, headers, reason) => {
    expect(encodeHeaders(headers)).toMatchObject({ ok: false, field: 'headers', reason: expect.stringMatching(reason) })
  })

  it('carries names that objects have of themselves', () => {
    const given = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as unknown
    const read = readHeaders(listOf(given))
    expect(Object.entries(read)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['toString', 'c'],
    ])
  })
})

describe('readHeaders', () => {
  it('gives a frozen record without prototype', () => {
    const read = readHeaders([['a', '1']])
    expect(Object.getPrototypeOf(read)).toBeNull()
    expect(Object.isFrozen(read)).toBe(true)
    expect(read['toString']).toBeUndefined()
  })

  it('gives an empty record, frozen and without prototype, for no headers', () => {
    const read = readHeaders([])
    expect(Object.keys(read)).toEqual([])
    expect([Object.getPrototypeOf(read), Object.isFrozen(read)]).toEqual([null, true])
  })

  it('reads bytes that are UTF-8 as text and leaves others to the list', () => {
    const list: HeaderList = [
      ['text', encodeUtf8('grün')],
      ['mark', encodeUtf8('\u{feff}x')],
      ['empty', new Uint8Array(0)],
      ['binary', Uint8Array.of(0xff, 0x00)],
    ]
    expect({ ...readHeaders(list) }).toEqual({ text: 'grün', mark: '\u{feff}x', empty: '' })
    expect(list[3]?.[1]).toEqual(Uint8Array.of(0xff, 0x00))
  })

  it('takes the last text of a repeated name', () => {
    const list: HeaderList = [
      ['a', '1'],
      ['a', '2'],
      ['a', Uint8Array.of(0xff)],
    ]
    expect(readHeaders(list)['a']).toBe('2')
  })
})
