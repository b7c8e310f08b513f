import { describe, expect, it } from 'vitest'
import { parseMemoryUrl } from '../../src/memory/index.js'

describe('parseMemoryUrl', () => {
  it.each([
    ['memory:', {}],
    ['memory:orders', { name: 'orders' }],
    ['memory://orders', { name: 'orders' }],
    ['MEMORY:', {}],
    ['memory:?like=log&partitions=4', { like: 'log', partitions: 4 }],
    ['memory:tests?like=kafka', { name: 'tests', like: 'kafka' }],
  ])('reads %s', (url, options) => {
    expect(parseMemoryUrl(url)).toEqual(options)
  })

  it.each([
    ['amqp://localhost', 'url'],
    ['memory:a/b', 'name'],
    [`memory:${'n'.repeat(101)}`, 'name'],
    ['memory:?like=sqs', 'like'],
    ['memory:?like=', 'like'],
    ['memory:?partitions=0', 'partitions'],
    ['memory:?partitions=1025', 'partitions'],
    ['memory:?partitions=2.5', 'partitions'],
    ['memory:?partitions=4&partitions=8', 'partitions'],
    ['memory:?partition=4', 'partition'],
  ])('refuses %s and names %s', (url, field) => {
    expect(() => parseMemoryUrl(url)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIGURATION', field }))
  })
})
