import { checkClock, checkKeys, checkMethods, checkMs, checkNumber, checkOneOf } from './errors/check-options.js'
import { SluiceError } from './errors/sluice-error.js'
import { systemClock, type Clock } from './model/clock.js'
import type { Codec } from './model/codec.js'
import { silentLogger, type Logger } from './model/logger.js'
import type { Middleware } from './model/middleware.js'
import type { Tracer } from './model/trace.js'
import type { CommonOptions } from './messaging-options.js'
import type { BufferOptions } from './publish/options.js'

/** {@link CommonOptions}, checked, with every default filled in. */
export interface ResolvedCommon {
  readonly clientName: string
  readonly topology: 'declare' | 'verify' | 'none'
  readonly startupTimeoutMs: number
  readonly buffer: Required<BufferOptions>
  readonly publishTimeoutMs: number
  readonly publishOrder: 'pipelined' | 'strict'
  readonly middleware: readonly Middleware[]
  readonly codecs: readonly Codec[]
  readonly tracer: Tracer | undefined
  readonly logger: Logger
  readonly clock: Clock
}

/** Names of all {@link CommonOptions}. */
export const commonOptionNames: readonly (keyof CommonOptions)[] = [
  'clientName',
  'topology',
  'startupTimeoutMs',
  'buffer',
  'publishTimeoutMs',
  'publishOrder',
  'middleware',
  'codecs',
  'tracer',
  'logger',
  'clock',
]

const bufferLimits: Required<BufferOptions> = {
  messages: 10_000,
  bytes: 16 * 1024 * 1024,
  waitingMessages: 100_000,
  waitingBytes: 16 * 1024 * 1024,
}

/**
 * Checks and completes what `createMessaging` and `connect` have in common. Nothing is started.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION
 */
export function resolveCommon(options: CommonOptions): ResolvedCommon {
  checkKeys('options', options, commonOptionNames)
  const { clientName = 'sluice', topology = 'declare', startupTimeoutMs = 30_000, publishTimeoutMs = 30_000 } = options
  const { publishOrder = 'pipelined', middleware = [], codecs = [], tracer, logger, clock } = options
  checkClientName(clientName)
  checkOneOf('topology', topology, ['declare', 'verify', 'none'])
  checkMs('startupTimeoutMs', startupTimeoutMs, 1)
  checkMs('publishTimeoutMs', publishTimeoutMs, 1)
  checkOneOf('publishOrder', publishOrder, ['pipelined', 'strict'])
  checkMiddleware(middleware)
  checkCodecs(codecs)
  checkMethods('tracer', tracer, ['published', 'delivered'])
  checkMethods('logger', logger, ['debug', 'info', 'warn', 'error'])
  checkClock(clock)
  return {
    clientName,
    topology,
    startupTimeoutMs,
    buffer: resolveBuffer(options.buffer),
    publishTimeoutMs,
    publishOrder,
    middleware: [...middleware],
    codecs: [...codecs],
    tracer,
    logger: logger ?? silentLogger,
    clock: clock ?? systemClock,
  }
}

const adapterMethods = ['open', 'route', 'provision', 'send', 'consume', 'deadLetters', 'measure', 'inspect', 'close']

/** @throws SluiceError INVALID_OPTION */
export function checkAdapter(adapter: unknown): void {
  const { spi, capabilities } = isObject(adapter) ? adapter : {}
  if (spi !== 1 || !isObject(capabilities)) {
    throw invalid('adapter', 'must be an adapter of SPI version 1, for example memory()')
  }
  checkMethods('adapter', adapter, adapterMethods)
  if (used.has(adapter as object)) throw invalid('adapter', 'serves another messaging object: make one for each')
}

/** Adapters that were handed to a messaging object. A second one would end the connection of the first. */
const used = new WeakSet<object>()

/** From now on {@link checkAdapter} refuses it. */
export function claimAdapter(adapter: object): void {
  used.add(adapter)
}

/** Brokers carry it in their own protocol fields, so it stays short and printable. */
function checkClientName(name: unknown): void {
  if (typeof name === 'string' && /^[\x20-\x7e]{1,100}$/.test(name)) return
  throw invalid('clientName', 'must be 1 to 100 characters of printable ASCII')
}

function resolveBuffer(given: BufferOptions | undefined): Required<BufferOptions> {
  if (given !== undefined) checkKeys('buffer', given, Object.keys(bufferLimits))
  const { messages, bytes, waitingMessages, waitingBytes } = given ?? {}
  checkNumber('buffer.messages', messages, { min: 1, integer: true })
  checkNumber('buffer.bytes', bytes, { min: 1, integer: true })
  checkNumber('buffer.waitingMessages', waitingMessages, { min: 0, integer: true })
  checkNumber('buffer.waitingBytes', waitingBytes, { min: 0, integer: true })
  return {
    messages: messages ?? bufferLimits.messages,
    bytes: bytes ?? bufferLimits.bytes,
    waitingMessages: waitingMessages ?? bufferLimits.waitingMessages,
    waitingBytes: waitingBytes ?? bufferLimits.waitingBytes,
  }
}

function checkMiddleware(given: readonly Middleware[]): void {
  if (!Array.isArray(given)) throw invalid('middleware', 'must be an array')
  given.forEach((one: unknown, index) => {
    const field = `middleware[${index}]`
    if (!isObject(one)) throw invalid(field, 'must be an object with a name and publish, consume or both')
    const { name, publish, consume } = one
    if (typeof name !== 'string' || name === '')
      throw invalid(`${field}.name`, 'must be a text: errors and logs show it')
    for (const [method, value] of Object.entries({ publish, consume })) {
      if (value !== undefined && typeof value !== 'function') throw invalid(`${field}.${method}`, 'must be a function')
    }
    if (publish === undefined && consume === undefined) {
      throw invalid(field, `("${name}") has neither publish nor consume: it would do nothing`)
    }
  })
}

function checkCodecs(given: readonly Codec[]): void {
  if (!Array.isArray(given)) throw invalid('codecs', 'must be an array')
  const types = new Set<string>()
  given.forEach((one: unknown, index) => {
    const field = `codecs[${index}]`
    checkMethods(field, one, ['encode', 'decode'])
    const type: unknown = isObject(one) ? one['contentType'] : undefined
    if (typeof type !== 'string' || type === '') throw invalid(`${field}.contentType`, 'must be a text')
    if (types.has(type))
      throw invalid(`${field}.contentType`, `"${type}" is there twice: which one decodes would be chance`)
    types.add(type)
  })
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  (typeof value === 'object' || typeof value === 'function') && value !== null

const invalid = (field: string, text: string): SluiceError =>
  new SluiceError('INVALID_OPTION', `${field} ${text}`, { field })
