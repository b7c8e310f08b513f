import { describe, expect, it } from 'vitest'
import { murmur2, partitionOf } from '../../src/kit/murmur2.js'
import { encodeUtf8 } from '../../src/kit/utf8.js'
import fixtures from './murmur2.fixtures.json' with { type: 'json' }

const keys = fixtures.keys as readonly {
  readonly text?: string
  readonly hex: string
  readonly murmur2: number
  readonly partitionOf: readonly number[]
}[]
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

describe('murmur2', () => {
  it('agrees with the Java client on every fixture', () => {
    expect(keys.length).toBeGreaterThanOrEqual(200)
    expect(keys.map((key) => murmur2(bytesOf(key.hex)))).toEqual(keys.map((key) => key.murmur2))
  })

  it('chooses the partition that the Java producer chooses', () => {
    const chosen = keys.map((key) => fixtures.partitionCounts.map((count) => partitionOf(bytesOf(key.hex), count)))
    expect(chosen).toEqual(keys.map((key) => key.partitionOf))
  })

  it('hashes a text key by the same UTF-8 bytes as Java', () => {
    const texts = keys.flatMap((key) => (key.text === undefined ? [] : [{ text: key.text, hash: key.murmur2 }]))
    expect(texts.length).toBeGreaterThan(80)
    expect(texts.map(({ text }) => murmur2(encodeUtf8(text)))).toEqual(texts.map(({ hash }) => hash))
  })

  it('reads only the bytes of the view it is given', () => {
    const whole = bytesOf('ffffff616263ffffff')
    expect(murmur2(whole.subarray(3, 6))).toBe(murmur2(encodeUtf8('abc')))
  })
})
