import { checkFunction, checkKeys, checkMs, checkNumber, checkOneOf } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import type { BreakerLimits } from '../failure/breaker.js'
import { defaultRetryPolicy } from '../failure/default-policy.js'
import type { RetryPolicy } from '../failure/policy.js'
import type { Limiter } from '../model/limiter.js'
import { checkGroupName } from '../model/names.js'
import type { Idempotency } from '../model/store.js'
import { checkTopic, type AnyTopic } from '../model/topic.js'
import type { Capabilities } from '../spi/capabilities.js'
import type { BreakerOptions, SubscribeBatchOptions, WindowOptions } from './options.js'

/** Options of a subscription, checked, with every default filled in. */
export interface ResolvedOptions {
  readonly group: string
  readonly concurrency: number
  readonly order: 'key' | 'none'
  readonly from: 'creation' | 'earliest'
  readonly retry: RetryPolicy | false
  readonly onExhausted: 'dead-letter' | 'hold'
  readonly breaker: BreakerLimits | undefined
  readonly idempotency: Idempotency | undefined
  readonly rateLimit: Limiter | undefined
  readonly handlerTimeoutMs: number | undefined
  readonly window: { readonly messages: number; readonly bytes: number }
  readonly onPositionLost: 'fail' | 'earliest' | 'latest'
  readonly handOverMs: number
  readonly batchSize: number
  readonly batchWaitMs: number
}

const known = [
  'group',
  'concurrency',
  'order',
  'from',
  'retry',
  'onExhausted',
  'breaker',
  'idempotency',
  'rateLimit',
  'handlerTimeoutMs',
  'window',
  'onPositionLost',
  'handOverMs',
]

const defaultWindowBytes = 64 * 1024 * 1024

export interface OptionsContext {
  readonly topic: AnyTopic
  readonly capabilities: Capabilities
  readonly adapter: string
  readonly batch: boolean
}

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_NAME, UNSUPPORTED or ORDER_CONFLICT */
export function resolveOptions(given: SubscribeBatchOptions, context: OptionsContext): ResolvedOptions {
  const { topic, batch } = context
  checkTopic(topic)
  checkKeys('options', given, batch ? [...known, 'maxSize', 'maxWaitMs'] : known)
  checkGroupName(given.group)
  const { concurrency = 10, handOverMs = 20_000, maxSize = 100, maxWaitMs = 50 } = given
  // Wider than the type of the caller, who may not write TypeScript.
  const { from = 'creation' } = given as { readonly from?: ResolvedOptions['from'] }
  const { order = topic.keyed ? 'key' : 'none', onExhausted = 'dead-letter', onPositionLost = 'fail' } = given
  checkNumber('concurrency', concurrency, { min: 1, max: 100_000, integer: true })
  checkOneOf('order', order, ['key', 'none'])
  checkOneOf('from', from, ['creation', 'earliest'])
  checkOneOf('onExhausted', onExhausted, ['dead-letter', 'hold'])
  checkOneOf('onPositionLost', onPositionLost, ['fail', 'earliest', 'latest'])
  checkMs('handlerTimeoutMs', given.handlerTimeoutMs, 1)
  checkMs('handOverMs', handOverMs)
  checkNumber('maxSize', maxSize, { min: 1, max: 100_000, integer: true })
  checkMs('maxWaitMs', maxWaitMs)
  const { retry = defaultRetryPolicy() } = given
  checkRetry(retry, order, context)
  if (order === 'key' && !topic.keyed) {
    throw invalid('order', `topic "${topic.name}" has no key: order "key" needs one`, context)
  }
  if (from === 'earliest' && !context.capabilities.replay) throw unsupported('from: "earliest"', 'replay', context)
  if (order === 'key' && !context.capabilities.keyedOrder) throw unsupported('order: "key"', 'keyedOrder', context)
  const window = resolveWindow(given.window, order, concurrency)
  const batchSize = batch ? maxSize : 1
  if (batchSize > window.messages) {
    throw invalid(
      'maxSize',
      `maxSize ${batchSize} is larger than window.messages ${window.messages}: such a batch could never fill up`,
      context,
    )
  }
  return {
    group: given.group,
    concurrency,
    order,
    from,
    retry,
    onExhausted,
    breaker: resolveBreaker(given.breaker),
    idempotency: checkIdempotency(given.idempotency, context),
    rateLimit: checkLimiter(given.rateLimit, context),
    handlerTimeoutMs: given.handlerTimeoutMs,
    window,
    onPositionLost,
    handOverMs,
    batchSize,
    batchWaitMs: maxWaitMs,
  }
}

function checkRetry(retry: RetryPolicy | false, order: 'key' | 'none', context: OptionsContext): void {
  if (retry === false) return
  if (typeof retry !== 'object' || retry === null || typeof retry.decide !== 'function') {
    throw invalid('retry', 'retry must be a retry policy or false', context)
  }
  checkOneOf('retry.placement', retry.placement, ['auto', 'in-place', 'delayed'])
  if (retry.placement === undefined) throw invalid('retry.placement', 'a retry policy needs a placement', context)
  if (retry.placement !== 'delayed') return
  if (order === 'key') {
    throw new SluiceError(
      'ORDER_CONFLICT',
      `retry policy "${retry.name}" moves messages behind later ones of their key: use placement "in-place" or "auto", or order "none"`,
      {
        field: 'retry',
        topic: context.topic.name,
      },
    )
  }
  if (!context.capabilities.durableDelay) throw unsupported('retry.placement: "delayed"', 'durableDelay', context)
}

function resolveWindow(
  given: WindowOptions | undefined,
  order: 'key' | 'none',
  concurrency: number,
): ResolvedOptions['window'] {
  if (given !== undefined) checkKeys('window', given, ['messages', 'bytes'])
  const byOrder = order === 'key' ? Math.max(1_000, concurrency) : Math.max(32, 2 * concurrency)
  const { messages = byOrder, bytes = defaultWindowBytes } = given ?? {}
  checkNumber('window.messages', messages, { min: 1, max: 1_000_000, integer: true })
  checkNumber('window.bytes', bytes, { min: 1, integer: true })
  return { messages, bytes }
}

function resolveBreaker(given: BreakerOptions | false | undefined): BreakerLimits | undefined {
  if (given === false) return undefined
  if (given !== undefined) checkKeys('breaker', given, ['failures', 'probeMs', 'maxProbeMs'])
  const { failures = 50, probeMs = 1_000 } = given ?? {}
  checkNumber('breaker.failures', failures, { min: 1, integer: true })
  checkMs('breaker.probeMs', probeMs, 1)
  const { maxProbeMs = Math.max(30_000, probeMs) } = given ?? {}
  checkMs('breaker.maxProbeMs', maxProbeMs, probeMs)
  return { failures, probeMs, maxProbeMs }
}

const storeMethods = ['claim', 'renew', 'complete', 'release'] as const

function checkIdempotency(given: Idempotency | undefined, context: OptionsContext): Idempotency | undefined {
  if (given === undefined) return undefined
  const { store } = given ?? {}
  if (store === undefined || storeMethods.some((method) => typeof store?.[method] !== 'function')) {
    throw invalid('idempotency', 'idempotency must be made by a plugin or by memoryIdempotency()', context)
  }
  checkFunction('idempotency.id', given.id)
  checkOneOf('idempotency.onStoreDown', given.onStoreDown, ['pause', 'process'])
  return given
}

function checkLimiter(given: Limiter | undefined, context: OptionsContext): Limiter | undefined {
  if (given === undefined) return undefined
  if (typeof given !== 'object' || given === null || typeof given.attach !== 'function') {
    throw invalid('rateLimit', 'rateLimit must be a limiter, for example perSecond(100)', context)
  }
  return given
}

const invalid = (field: string, text: string, { topic }: OptionsContext): SluiceError =>
  new SluiceError('INVALID_OPTION', text, { field, topic: topic.name })

function unsupported(
  what: string,
  capability: 'replay' | 'keyedOrder' | 'durableDelay',
  { adapter, topic }: OptionsContext,
): SluiceError {
  const text = `adapter "${adapter}" refuses ${what} (capability ${capability}). Adapters that have it: ${withCapability[capability].join(', ')}`
  return new SluiceError('UNSUPPORTED', text, { field: what.split(':', 1)[0], topic: topic.name })
}

/** For the text of a refusal; the adapters' own capabilities decide. */
const withCapability = {
  replay: ['kafka', 'memory (like: "log")'],
  keyedOrder: ['memory', 'rabbitmq', 'kafka'],
  durableDelay: ['memory', 'rabbitmq', 'kafka'],
} as const
