import { describe, expect, it } from 'vitest'
import { createSimulatedClock } from '../src/kit/simulated-clock.js'
import { resolveCommon } from '../src/messaging-check.js'
import { systemClock } from '../src/model/clock.js'
import { bytesCodec, jsonCodec } from '../src/model/codec.js'
import { silentLogger } from '../src/model/logger.js'

const nothing = (): void => undefined

describe('resolveCommon', () => {
  it('fills in what the documentation promises', () => {
    expect(resolveCommon({})).toEqual({
      clientName: 'sluice',
      topology: 'declare',
      startupTimeoutMs: 30_000,
      buffer: { messages: 10_000, bytes: 16_777_216, waitingMessages: 100_000, waitingBytes: 16_777_216 },
      publishTimeoutMs: 30_000,
      publishOrder: 'pipelined',
      middleware: [],
      codecs: [],
      tracer: undefined,
      logger: silentLogger,
      clock: systemClock,
    })
  })

  it('keeps what it is given', () => {
    const given = {
      clientName: 'shop',
      topology: 'verify',
      startupTimeoutMs: 1,
      buffer: { messages: 1, bytes: 2, waitingMessages: 0, waitingBytes: 0 },
      publishTimeoutMs: 5.5,
      publishOrder: 'strict',
      middleware: [{ name: 'a', consume: (_m: unknown, _d: unknown, next: () => Promise<void>) => next() }],
      codecs: [jsonCodec, bytesCodec],
      tracer: { published: () => undefined, delivered: () => undefined },
      logger: console,
      clock: createSimulatedClock(),
    } as const
    expect(resolveCommon(given)).toEqual(given)
    expect(resolveCommon({ buffer: { bytes: 7 } }).buffer).toEqual({
      messages: 10_000,
      bytes: 7,
      waitingMessages: 100_000,
      waitingBytes: 16_777_216,
    })
  })

  it('is not changed by what happens to its options later', () => {
    const middleware = [{ name: 'a', consume: () => Promise.resolve() }]
    const resolved = resolveCommon({ middleware })
    middleware.length = 0
    expect(resolved.middleware).toHaveLength(1)
  })

  it.each([
    ['options.clientname', { clientname: 'x' }],
    ['options', null],
    ['clientName', { clientName: '' }],
    ['clientName', { clientName: 'a\nb' }],
    ['topology', { topology: 'create' }],
    ['startupTimeoutMs', { startupTimeoutMs: 0 }],
    ['startupTimeoutMs', { startupTimeoutMs: '5' }],
    ['publishTimeoutMs', { publishTimeoutMs: Number.NaN }],
    ['publishOrder', { publishOrder: 'any' }],
    ['buffer.message', { buffer: { message: 1 } }],
    ['buffer.messages', { buffer: { messages: 0 } }],
    ['buffer.bytes', { buffer: { bytes: 1.5 } }],
    ['buffer.waitingBytes', { buffer: { waitingBytes: -1 } }],
    ['middleware', { middleware: {} }],
    ['middleware[1].name', { middleware: [{ name: 'a', publish: nothing }, { publish: nothing }] }],
    ['middleware[0].consume', { middleware: [{ name: 'a', consume: 1 }] }],
    ['middleware[0]', { middleware: [{ name: 'a' }] }],
    ['middleware[0]', { middleware: [undefined] }],
    ['codecs[0]', { codecs: [{ contentType: 'x', encode: () => 0 }] }],
    ['codecs[0].contentType', { codecs: [{ encode: () => 0, decode: () => 0 }] }],
    ['codecs[1].contentType', { codecs: [jsonCodec, { ...bytesCodec, contentType: 'application/json' }] }],
    ['codecs[0].contentType', { codecs: [undefined] }],
    ['tracer', { tracer: { published: () => 0 } }],
    ['logger', { logger: { info: () => 0 } }],
    ['clock', { clock: Date }],
  ])('refuses a wrong %s', (field, options) => {
    expect(() => resolveCommon(options as never)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(UNKNOWN|INVALID)_OPTION$/), field }),
    )
  })
})
