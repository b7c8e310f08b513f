import { Buffer } from 'node:buffer'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WireMessage, WireProperties } from '../../src/wire/port.js'
import { encodePublish, mostBytes } from '../../src/wire/amqplib/encode-publish.js'

/** What amqplib itself makes of a publish. Its package exports none of it. */
interface Encoder {
  readonly BasicPublish: number
  readonly BasicProperties: number
  encodeMethod(id: number, channel: number, fields: object): Buffer
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer
}
const require = createRequire(import.meta.url)
const library = join(dirname(require.resolve('amqplib')), 'lib')
const encoder = require(join(library, 'defs.js')) as Encoder
const { makeBodyFrame } = require(join(library, 'frame.js')) as {
  makeBodyFrame(channel: number, body: Buffer): Buffer
}

const CHANNEL = 517

function byTheLibrary({ exchange, routingKey, mandatory, properties, content }: WireMessage): Buffer {
  const fields = { exchange, routingKey, mandatory, immediate: false, ticket: 0 }
  const body = Buffer.from(content as string)
  return Buffer.concat([
    encoder.encodeMethod(encoder.BasicPublish, CHANNEL, fields),
    encoder.encodeProperties(encoder.BasicProperties, CHANNEL, body.length, properties),
    body.length === 0 ? Buffer.alloc(0) : makeBodyFrame(CHANNEL, body),
  ])
}

const message = (properties: WireProperties, fields: Partial<WireMessage> = {}): WireMessage => ({
  ...{ exchange: 'orders', routingKey: '3', mandatory: true, content: Buffer.from('{}') },
  ...{ properties, ...fields },
})

/** The frames, or -1; with memory around them that has to stay as it was. */
function encoded(one: WireMessage, frameMax = 0): Buffer | -1 {
  const most = mostBytes(one)
  if (most === Infinity) return -1
  const memory = Buffer.alloc(most + 10, 0xaa)
  const end = encodePublish(memory, 5, one, CHANNEL, frameMax)
  expect(memory.subarray(0, 5)).toEqual(Buffer.alloc(5, 0xaa))
  expect(memory.subarray(most + 5)).toEqual(Buffer.alloc(5, 0xaa))
  return end === -1 ? -1 : memory.subarray(5, end)
}

const text = fc.string({ unit: 'binary', maxLength: 60 })
const headerValue = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.integer(),
  fc.integer({ min: -200, max: 200 }),
  fc.boolean(),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
)
const anyProperties: fc.Arbitrary<WireProperties> = fc.record(
  {
    contentType: text,
    contentEncoding: text,
    headers: fc.dictionary(text, headerValue, { maxKeys: 5, noNullPrototype: true }),
    deliveryMode: fc.constantFrom(1, 2),
    priority: fc.integer({ min: 0, max: 255 }),
    correlationId: text,
    replyTo: text,
    expiration: text,
    messageId: text,
    timestamp: fc.maxSafeNat(),
    type: text,
    userId: text,
    appId: text,
  },
  { requiredKeys: [] },
)

describe('a publish', () => {
  it('has the very bytes that amqplib writes', () => {
    const content = fc.oneof(fc.uint8Array({ maxLength: 500 }), fc.string({ unit: 'binary', maxLength: 2_000 }))
    fc.assert(
      fc.property(text, text, fc.boolean(), anyProperties, content, (exchange, routingKey, mandatory, props, body) => {
        const one = message(props, { exchange, routingKey, mandatory, content: body })
        expect(encoded(one)).toEqual(byTheLibrary(one))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[string, WireMessage]>([
    ['a text of more than 255 bytes', message({ type: 'ü'.repeat(128) })],
    ['a key of more than 255 bytes', message({}, { routingKey: 'k'.repeat(256) })],
    ['a header whose name is too long', message({ headers: { ['n'.repeat(256)]: 'x' } })],
    ['a table in a header', message({ headers: { nested: { a: 1 } } })],
    ['a fraction in a header', message({ headers: { half: 0.5 } })],
    ['an integer of more than 32 bits', message({ headers: { large: 2 ** 31 } })],
    ['nothing in a header', message({ headers: { nothing: null } })],
    ['a time before 1970', message({ timestamp: -1 })],
    ['a priority that is no byte', message({ priority: 256 })],
  ])('is left to the library with %s', (_, one) => {
    expect(encoded(one)).toBe(-1)
  })

  it('is left to the library when a frame of it would be too large', () => {
    const large = message({}, { content: Buffer.alloc(4_089) })
    expect(encoded(large, 4_096)).toBe(-1)
    const largest = message({}, { content: Buffer.alloc(4_088) })
    expect(encoded(largest, 4_096)).toEqual(byTheLibrary(largest))
    expect(encoded(message({ headers: { note: 'x'.repeat(4_080) } }), 4_096)).toBe(-1)
  })
})
