import { describe, expect, it } from 'vitest'
import { createIdSource, nextId } from '../../src/model/ids.js'
import { encodeText } from '../../src/model/text-bytes.js'

describe('ids', () => {
  it('have the form of a UUID version 7 with the time in front', () => {
    const id = createIdSource()(0x0123456789ab)
    expect(id).toMatch(/^01234567-89ab-7000-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('ascend and never repeat: within a millisecond, over it, and when the clock is set back', () => {
    const next = createIdSource()
    const times = [...Array.from({ length: 10_000 }, () => 1_000), 900, 5, 1_001, 1_002.7, 1_003, 1_003, 2_000, 0]
    const ids = times.map((ms) => next(ms))
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual([...ids].toSorted())
    expect(
      ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
    ).toEqual([])
  })

  it('differ between sources of one moment', () => {
    expect(createIdSource()(1)).not.toBe(createIdSource()(1))
    expect(nextId(1)).not.toBe(nextId(1))
  })
})

describe('encodeText', () => {
  it('equals the encoder of the platform, for any length and script, and shares no byte', () => {
    const encoder = new TextEncoder()
    const pieces = [
      '',
      'a',
      'customer-1',
      'ä',
      '€',
      '😀',
      'x'.repeat(16),
      'x'.repeat(17),
      'é'.repeat(1_000),
      'y'.repeat(6_000),
    ]
    const texts = Array.from(
      { length: 3_000 },
      (_, n) => `${pieces[n % pieces.length] ?? ''}${n % 7 === 0 ? 'ß' : ''}${n}`,
    )
    const all = texts.map((text) => encodeText(text))
    for (const [n, bytes] of all.entries()) expect(Buffer.compare(bytes, encoder.encode(texts[n] ?? ''))).toBe(0)
    expect(encodeText('').length).toBe(0)
  })
})
