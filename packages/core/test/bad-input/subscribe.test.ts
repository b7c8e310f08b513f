import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultRetryPolicy, defineTopic, memoryIdempotency, unchecked } from '../../src/index.js'
import { createBench, items, mixed, notes, type Bench } from './bench.js'
import { describeRows, expectRejected, expectThrown, inner, option, strangeKeys, type Row } from './refusal.js'
import * as bad from './values.js'

let bench: Bench
beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench.messaging.close())

const policy = defaultRetryPolicy()
const store = memoryIdempotency().store
const idempotent = (idempotency: object): object => ({ idempotency: { ...memoryIdempotency(), ...idempotency } })

const rows: readonly Row[] = [
  ...strangeKeys('options', 'concurrency'),
  {
    ...option('group', bad.noGroupNames, /group .*(must be a string|may have only|are allowed)/),
    code: 'INVALID_NAME',
  },
  option('concurrency', [...bad.noCounts, 100_001], /whole number of at least 1 and at most 100000, got/),
  option('order', bad.noChoices, /must be one of key, none, got/),
  option('from', bad.noChoices, /must be one of creation, earliest, got/),
  option('retry', [null, true, 5, 'exponential', {}, [], () => policy], /must be a retry policy or false/),
  {
    ...inner('retry', 'placement', bad.noChoices, /must be one of/),
    make: (placement) => ({ retry: { ...policy, placement } }),
  },
  option('onExhausted', bad.noChoices, /must be one of dead-letter, hold, got/),
  option('onPositionLost', bad.noChoices, /must be one of fail, earliest, latest, got/),
  option('handlerTimeoutMs', [...bad.noDurations, 0], /number of at least 1 and at most \d+, got/),
  option('handOverMs', bad.noDurations, /number of at least 0 and at most \d+, got/),
  option('breaker', [null, true, 5, 'off', [], () => 5], /must be an object/),
  inner('breaker', 'failures', bad.noCounts, /whole number of at least 1, got/),
  inner('breaker', 'probeMs', [...bad.noDurations, 0], /at least 1 /),
  inner('breaker', 'maxProbeMs', [...bad.noDurations, 999], /at least 1000 /),
  option('window', bad.noObjects, /must be an object/),
  inner('window', 'messages', bad.noCounts, /whole number of at least 1 and at most 1000000, got/),
  inner('window', 'bytes', bad.noCounts, /whole number of at least 1, got/),
  option('idempotency', [null, true, 5, 'on', {}, [], () => store, { store: null }], /plugin or by memoryIdempotency/),
  {
    ...option('idempotency', ['claim', 'renew', 'complete', 'release'], /plugin or by memoryIdempotency/),
    make: (method) => idempotent({ store: { ...store, [String(method)]: undefined } }),
  },
  { ...inner('idempotency', 'id', bad.noFunctions, /must be a function/), make: (id) => idempotent({ id }) },
  {
    ...inner('idempotency', 'onStoreDown', bad.noChoices, /must be one of pause, process, got/),
    make: (onStoreDown) => idempotent({ onStoreDown }),
  },
  option(
    'rateLimit',
    [null, true, 5, {}, [], () => 5, { attach: 5 }],
    /must be a limiter, for example perSecond\(100\)/,
  ),
]
const nested: readonly Row[] = ['window', 'breaker'].flatMap((outer) => {
  const known = outer === 'window' ? 'messages' : 'failures'
  return strangeKeys(outer, known).map((row) => ({
    ...{ ...row, what: `in ${outer}: ${row.what}`, make: (value: unknown) => ({ [outer]: row.make(value) }) },
  }))
})
const ofBatches: readonly Row[] = [
  option('maxSize', [...bad.noCounts, 100_001], /whole number of at least 1 and at most 100000, got/),
  option('maxWaitMs', bad.noDurations, /number of at least 0 and at most \d+, got/),
  { ...option('maxSize', [1_001], /larger than window.messages 1000/) },
]

const withGroup = (options: object): object =>
  Object.create(Object.prototype, {
    group: { value: 'g', enumerable: true },
    ...Object.getOwnPropertyDescriptors(options),
  }) as object

describe('subscribe refuses', () => {
  describeRows([...rows, ...nested], async (options, refusal) => {
    const refused = await expectRejected(
      () => bench.messaging.subscribe(items, withGroup(options) as never, () => undefined),
      refusal,
    )
    bench.expectNothingLeft()
    return refused
  })

  it.each(bad.noTopics.map((topic) => [bad.shown(topic), topic]))('the topic %s', async (_, topic) => {
    const refusal = { code: 'INVALID_OPTION', field: 'topic', says: /made by defineTopic/ } as const
    await expectRejected(() => bench.messaging.subscribe(topic as never, { group: 'g' }, () => undefined), refusal)
    await expectRejected(() => bench.messaging.subscribeBatch(topic as never, { group: 'g' }, () => undefined), refusal)
    await expectRejected(() => bench.messaging.stream(topic as never, { group: 'g' }).subscription, refusal)
    bench.expectNothingLeft()
  })

  it.each([undefined, ...bad.noObjects].map((given) => [bad.shown(given), given]))(
    'the options %s',
    async (_, given) => {
      const refusal = { code: 'INVALID_OPTION', field: 'options', says: /options must be an object/ } as const
      await expectRejected(() => bench.messaging.subscribe(items, given as never, () => undefined), refusal)
      await expectRejected(() => bench.messaging.subscribeBatch(items, given as never, () => undefined), refusal)
      await expectRejected(() => bench.messaging.stream(items, given as never).subscription, refusal)
      bench.expectNothingLeft()
    },
  )

  it.each([undefined, ...bad.noFunctions].map((handler) => [bad.shown(handler), handler]))(
    'the handler %s',
    async (_, handler) => {
      const refusal = { code: 'INVALID_OPTION', field: 'handler', says: /handler must be a function/ } as const
      await expectRejected(() => bench.messaging.subscribe(items, { group: 'g' }, handler as never), refusal)
      await expectRejected(() => bench.messaging.subscribeBatch(items, { group: 'g' }, handler as never), refusal)
      bench.expectNothingLeft()
    },
  )

  it.each([null, undefined, 5, 'text'].map((handlers) => [bad.shown(handlers), handlers]))(
    'the handlers %s of a topic with several types',
    async (_, handlers) => {
      const refusal = { code: 'INVALID_OPTION', field: 'handler', says: /one function per type/ } as const
      await expectRejected(() => bench.messaging.subscribe(mixed, { group: 'g' }, handlers as never), refusal)
      bench.expectNothingLeft()
    },
  )

  it.each([
    ['c', { a: Date.now, c: Date.now }],
    ['constructor', { constructor: () => 5 }],
    ['__proto__', { ['__proto__']: () => 5 }],
    ['b', { a: Date.now, b: 5 }],
  ])('a handler under the type %s', async (type, handlers) => {
    const field = `handlers.${type}`
    const refusal = { code: 'INVALID_OPTION', field, says: /must be a function for one of the types a, b/ } as const
    await expectRejected(() => bench.messaging.subscribe(mixed, { group: 'g' }, handlers as never), refusal)
    bench.expectNothingLeft()
  })

  it('what the topic or the adapter cannot do', async () => {
    const { messaging, expectNothingLeft } = bench
    const key = { group: 'g', order: 'key' } as never
    const noKey = { code: 'INVALID_OPTION', field: 'order', says: /has no key: order "key" needs one/ } as const
    await expectRejected(() => messaging.subscribe(notes, key, () => undefined), noKey)
    const replay = {
      code: 'UNSUPPORTED',
      field: 'from',
      says: /capability replay.*Adapters that have it: kafka/,
    } as const
    await expectRejected(
      () => messaging.subscribe(items, { group: 'g', from: 'earliest' } as never, () => undefined),
      replay,
    )
    const retry = { ...policy, placement: 'delayed' } as const
    const order = {
      code: 'ORDER_CONFLICT',
      field: 'retry',
      says: /use placement "in-place" or "auto", or order "none"/,
    } as const
    await expectRejected(() => messaging.subscribe(items, { group: 'g', retry }, () => undefined), order)
    expectNothingLeft()
  })
})

describe('subscribeBatch refuses', () => {
  describeRows([...rows, ...ofBatches], async (options, refusal) => {
    const refused = await expectRejected(
      () => bench.messaging.subscribeBatch(items, withGroup(options) as never, () => undefined),
      refusal,
    )
    bench.expectNothingLeft()
    return refused
  })
})

describe('stream refuses, in its promise and in its loop', () => {
  describeRows(rows, async (options, refusal) => {
    const stream = bench.messaging.stream(items, withGroup(options) as never)
    await expectRejected(() => stream.subscription, refusal)
    const refused = await expectRejected(() => stream[Symbol.asyncIterator]().next(), refusal)
    await stream.close()
    bench.expectNothingLeft()
    return refused
  })

  it('the options of subscribeBatch', async () => {
    const refusal = { code: 'UNKNOWN_OPTION', field: 'options.maxSize', says: /Known: group, / } as const
    await expectRejected(() => bench.messaging.stream(items, { group: 'g', maxSize: 5 } as never).subscription, refusal)
    bench.expectNothingLeft()
  })
})

describe('names that collide', () => {
  it('are refused, and free again when the first is closed', async () => {
    const { messaging, clock } = await createBench()
    const first = await messaging.subscribe(items, { group: 'g' }, () => undefined)
    const taken = {
      code: 'NAME_COLLISION',
      field: 'group',
      says: /already has a subscription.*raise its concurrency/,
    } as const
    await expectRejected(() => messaging.subscribe(items, { group: 'g' }, () => undefined), taken)
    await expectRejected(() => messaging.stream(items, { group: 'g' }).subscription, taken)
    expect(messaging.health().subscriptions).toHaveLength(1)
    const closing = first.close()
    await clock.advance(1_000)
    await closing
    const again = messaging.subscribe(items, { group: 'g' }, () => undefined)
    await clock.advance(0)
    expect((await again).state).toBe('running')
    await messaging.close({ deadlineMs: 0 })
  })

  it('of two topics: one with a key, one without', async () => {
    const { messaging } = await createBench()
    await messaging.subscribe(items, { group: 'g' }, () => undefined)
    const other = defineTopic('items', { schema: unchecked<string>() })
    const refusal = { code: 'NAME_COLLISION', field: 'topic', says: /one has a key, the other has none/ } as const
    await expectRejected(() => messaging.subscribe(other, { group: 'h' }, () => undefined), refusal)
    await expectRejected(() => messaging.publish(other, 'x'), refusal)
    expect(messaging.health().subscriptions).toHaveLength(1)
    await messaging.close({ deadlineMs: 0 })
  })
})

it('accepts the same calls with what fits, on the same messaging object', async () => {
  const { messaging, clock } = bench
  const one = await messaging.subscribe(items, { group: 'g', concurrency: 1, window: { messages: 5 } }, () => undefined)
  const two = await messaging.subscribeBatch(items, { group: 'h', maxSize: 10, maxWaitMs: 0 }, () => undefined)
  const three = messaging.stream(items, { group: 'i' })
  await three.subscription
  const four = await messaging.subscribe(mixed, { group: 'g' }, { a: () => undefined, b: () => undefined })
  expect(messaging.health().subscriptions.map(({ group, state }) => `${group} ${state}`)).toEqual([
    ...['g running', 'h running', 'i running', 'g running'],
  ])

  for (const deadlineMs of bad.noDurations) {
    const refusal = { code: 'INVALID_OPTION', field: 'close.deadlineMs', says: /at least 0 / } as const
    await expectRejected(() => one.close({ deadlineMs } as never), refusal)
  }
  for (const row of strangeKeys('close', 'deadlineMs')) await expectRejected(() => one.close(row.make(1)), row)
  for (const row of strangeKeys('release', 'id')) expectThrown(() => one.release(row.make(1)), row)
  const as = { code: 'INVALID_OPTION', field: 'release.as', says: /must be one of retry, dead-letter/ } as const
  for (const value of bad.noChoices) expectThrown(() => one.release({ as: value } as never), as)
  const id = { code: 'INVALID_OPTION', field: 'release.id', says: /must be a text/ } as const
  for (const value of bad.noTexts) expectThrown(() => one.release({ id: value } as never), id)
  expect(one.state).toBe('running')

  const closing = Promise.all([one.close(), two.close(), three.close(), four.close()])
  await clock.advance(5_000)
  await closing
  expect(messaging.health().subscriptions).toEqual([])
})
