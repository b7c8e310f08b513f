import { describe, expect, it } from 'vitest'
import { withoutStack } from '../../src/errors/without-stack.js'

describe('an error without its stack', () => {
  it('has its text, and the next one has a stack again', () => {
    const { stackTraceLimit } = Error
    const error = withoutStack(() => new TypeError('full'))
    expect(error.stack).toBe('TypeError: full')
    expect(Error.stackTraceLimit).toBe(stackTraceLimit)
    expect(new Error('next').stack).toContain('without-stack.test')
  })

  it('leaves the limit as it was when it cannot be made', () => {
    const { stackTraceLimit } = Error
    const make = (): Error => {
      throw new RangeError('cannot')
    }
    expect(() => withoutStack(make)).toThrow('cannot')
    expect(Error.stackTraceLimit).toBe(stackTraceLimit)
  })

  it('has one where the platform does not let itself be changed', () => {
    const { stackTraceLimit } = Error
    Object.defineProperty(Error, 'stackTraceLimit', { value: stackTraceLimit, writable: false, configurable: true })
    try {
      expect(withoutStack(() => new Error('full')).stack).toContain('without-stack.test')
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', { value: stackTraceLimit, writable: true, configurable: true })
    }
  })
})
