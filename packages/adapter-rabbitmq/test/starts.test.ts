import { describe, expect, it } from 'vitest'
import { startIdentity } from '../src/starts.js'

describe('identity of a suspect', () => {
  const text = (value: string): Uint8Array => Buffer.from(value)

  it('is its id, and else what is in it', () => {
    const plain = { id: undefined, key: null, body: text('x'), timestampMs: undefined }
    expect(startIdentity({ ...plain, id: 'a', body: text('y') })).toBe(startIdentity({ ...plain, id: 'a' }))
    const others = [
      plain,
      { ...plain, id: '' },
      { ...plain, body: null },
      { ...plain, body: text('y') },
      { ...plain, key: text('x'), body: null },
      { ...plain, key: text('') },
      { ...plain, timestampMs: 0 },
    ]
    expect(new Set(others.map(startIdentity)).size).toBe(others.length)
    expect(startIdentity({ ...plain })).toBe(startIdentity(plain))
  })
})
