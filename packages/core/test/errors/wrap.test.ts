import { describe, expect, it } from 'vitest'
import { SluiceError } from '../../src/errors/sluice-error.js'
import { fromAdapter, toSluiceError } from '../../src/errors/wrap.js'
import { adapterError } from '../../src/spi/adapter-error.js'

describe('wrapping', () => {
  it('keeps code and cause of an adapter, and names the topic', () => {
    const cause = adapterError('UNROUTABLE', 'no queue is bound')
    const error = fromAdapter(cause, { topic: 'orders', messageId: 'x' })
    expect(error).toMatchObject({ code: 'UNROUTABLE', topic: 'orders', messageId: 'x', cause })
    expect(error.message).toBe('UNROUTABLE: topic "orders": no queue is bound')
    expect(fromAdapter(adapterError('UNROUTABLE', 'orders has no queue'), { topic: 'orders' }).message).toBe(
      'UNROUTABLE: orders has no queue',
    )
  })

  it('takes plain objects of adapters too', () => {
    const plain = { code: 'BLOCKED', text: 'memory alarm', scope: 'connection', retryable: true, fatal: false }
    expect(toSluiceError(plain)).toMatchObject({ code: 'BLOCKED', cause: plain })
  })

  it('wraps once', () => {
    const error = new SluiceError('TIMEOUT', 'too late')
    expect(toSluiceError(error)).toBe(error)
  })

  it.each([new Error('oops'), 'oops', { code: 'ENOENT', text: 'oops' }, undefined])(
    'makes anything else INTERNAL',
    (thrown) => {
      const error = toSluiceError(thrown)
      expect(error.code).toBe('INTERNAL')
      expect(error.cause).toBe(thrown)
    },
  )
})
