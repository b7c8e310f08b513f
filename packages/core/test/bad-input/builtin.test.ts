import { afterEach, describe, expect, it } from 'vitest'
import { closeOnSignals, memoryIdempotency, perSecond, RetryAfterError, type Messaging } from '../../src/index.js'
import { createMemoryBroker, memory } from '../../src/memory/index.js'
import { describeRows, expectThrown, inner, option, strangeKeys, type Row } from './refusal.js'
import * as bad from './values.js'

const atLeastOne = /whole number of at least 1/
const duration = /number of at least 0 and at most \d+, got/
const clocks = [null, true, 5, 'now', {}, [], Date, { now: () => 5, monotonic: () => 5 }]
const clock = option('clock', clocks, /must be an object with the functions/)
const names = ['', 'a b', 'a/b', 'a\n', 'ä', 'x'.repeat(101), ...bad.noTexts]
const name = option('name', names, /must be 1 to 100 letters, digits/)
const like = option('like', bad.noChoices, /must be one of queue, log, rabbitmq, kafka, got/)

const notAnObject = (call: (options: never) => unknown): void => {
  it.each(bad.noObjects.map((given) => [bad.shown(given), given]))('the options %s', (_, given) => {
    const refusal = { code: 'INVALID_OPTION', field: 'options', says: /options must be an object/ } as const
    expectThrown(() => call(given as never), refusal)
  })
}

describe('perSecond refuses', () => {
  const rates = [...bad.noNumbers, undefined, 0, -1, Infinity, 1e10]
  it.each(rates.map((rate) => [bad.shown(rate), rate]))('the rate %s', (_, rate) => {
    const says = /rate must be a number above 0 and at most 1000000000, got/
    expectThrown(() => perSecond(rate as never), { code: 'INVALID_OPTION', field: 'rate', says })
  })
  const rows = [...strangeKeys('options', 'burst'), option('burst', bad.noCounts, atLeastOne)]
  describeRows(rows, (options, refusal) => expectThrown(() => perSecond(5, options), refusal))
  notAnObject((options) => perSecond(5, options))
})

describe('memoryIdempotency refuses', () => {
  const rows: readonly Row[] = [
    ...strangeKeys('options', 'leaseMs'),
    option('retainMs', bad.noDurations, duration),
    option('leaseMs', [...bad.noDurations, 0], /number of at least 1 /),
    option('maxEntries', bad.noCounts, atLeastOne),
    option('id', bad.noFunctions, /must be a function, got/),
    option('onStoreDown', bad.noChoices, /must be one of pause, process, got/),
    clock,
  ]
  describeRows(rows, (options, refusal) => expectThrown(() => memoryIdempotency(options), refusal))
  notAnObject((options) => memoryIdempotency(options))
})

describe('createMemoryBroker refuses', () => {
  const whole = ['maxMessageBytes', 'partitions', 'unkeyedPartitions']
  const rows: readonly Row[] = [
    ...strangeKeys('options', 'partitions'),
    ...[name, like, clock],
    ...whole.map((one) => option(one, bad.noCounts, atLeastOne)),
    ...['partitions', 'unkeyedPartitions'].map((one) => option(one, [1_025], /at most 1024/)),
    option(
      'holdMs',
      bad.noDurations.filter((one) => one !== Infinity),
      /number of at least 1 /,
    ),
    ...['sessionMs', 'heartbeatMs'].map((one) => option(one, [...bad.noDurations, 0], /number of at least 1 /)),
    option('storeDelayMs', [...bad.noDurations, 251], /number of at least 0 and at most 250/),
    option('outstanding', bad.noObjects, /must be an object/),
    ...['batches', 'messages', 'bytes'].map((one) => inner('outstanding', one, bad.noCounts, atLeastOne)),
    option('retention', [{}, { messages: 5 }], /is for like "log" and "kafka": a queue keeps nothing/),
  ]
  describeRows(rows, (options, refusal) => expectThrown(() => createMemoryBroker(options), refusal))
  notAnObject((options) => createMemoryBroker(options))

  const ofLogs: readonly Row[] = [
    option('retention', bad.noObjects, /must be an object/),
    inner('retention', 'messages', bad.noCounts, atLeastOne),
    inner('retention', 'settled', [...bad.noNumbers, -1, 1.5, Infinity], /whole number of at least 0/),
  ]
  describe('like a log', () => {
    describeRows(ofLogs, (options, refusal) => {
      return expectThrown(() => createMemoryBroker({ ...options, like: 'log' }), refusal)
    })
  })
})

describe('memory refuses', () => {
  const given = createMemoryBroker({ name: 'given', partitions: 3 })
  const broker = option(
    'broker',
    [null, true, 5, 'default', {}, [], memory, { ...given }],
    /createMemoryBroker\(\) returned/,
  )
  const rows: readonly Row[] = [
    ...strangeKeys('options', 'partitions'),
    ...[name, like, broker],
    option('partitions', [...bad.noCounts, 1_025], /whole number of at least 1 and at most 1024/),
    {
      ...option('name', ['other'], /that was passed has given: leave name out/),
      make: (one) => ({ broker: given, name: one }),
    },
    {
      ...option('like', ['log'], /that was passed has queue: leave like out/),
      make: (one) => ({ broker: given, like: one }),
    },
    {
      ...option('partitions', [4], /that was passed has 3: leave partitions out/),
      make: (partitions) => ({ broker: given, partitions }),
    },
  ]
  describeRows(rows, (options, refusal) => expectThrown(() => memory(options), refusal))
  notAnObject((options) => memory(options))

  it('another number of partitions for a broker that runs', () => {
    memory({ name: 'bad-input-shared', partitions: 3 })
    const refusal = { code: 'INVALID_OPTION', field: 'partitions', says: /runs already with 3/ } as const
    expectThrown(() => memory({ name: 'bad-input-shared', partitions: 4 }), refusal)
    expect(memory({ name: 'bad-input-shared', partitions: 3 }).name).toBe('memory')
  })
})

describe('RetryAfterError refuses', () => {
  const delays = [undefined, ...bad.noDurations]
  it.each(delays.map((delay) => [bad.shown(delay), delay]))('the delay %s', (_, delay) => {
    const refusal = { code: 'INVALID_OPTION', field: 'delayMs', says: duration } as const
    expectThrown(() => new RetryAfterError(delay as never), refusal)
    expectThrown(() => new RetryAfterError(delay as never, 'a text of its own'), refusal)
  })

  it('nothing that fits', () => {
    expect(new RetryAfterError(0)).toMatchObject({ delayMs: 0, message: 'retry after 0 ms', name: 'RetryAfterError' })
    expect(new RetryAfterError(1.5, 'busy', { cause: 5 })).toMatchObject({ delayMs: 1.5, message: 'busy', cause: 5 })
  })
})

describe('closeOnSignals refuses', () => {
  const messaging = { close: () => Promise.reject(new Error('closed')), on: () => () => undefined } as Pick<
    Messaging,
    'close' | 'on'
  >
  const counts = (): readonly number[] => ['SIGTERM', 'SIGINT', 'SIGHUP'].map((one) => process.listenerCount(one))
  const before = counts()
  const expectNoListener = (): void => {
    expect(counts()).toEqual(before)
  }
  afterEach(expectNoListener)

  const noSignals = [
    'SIGNOTHING',
    'sigterm',
    'TERM',
    '',
    'SIGKILL',
    'SIGSTOP',
    'constructor',
    '__proto__',
    15,
    null,
    ['SIGTERM'],
  ]
  const rows: readonly Row[] = [
    ...strangeKeys('options', 'exit'),
    option('deadlineMs', bad.noDurations, duration),
    option('exit', bad.noBooleans, /must be true or false/),
    option('signals', [...bad.noArrays, [], 'SIGTERM'], /must be an array of signal names, for example \["SIGTERM"\]/),
    {
      ...option('signals', noSignals, /name of a signal that can be listened to, got/, 'signals[1]'),
      make: (signal) => ({ signals: ['SIGHUP', signal] }),
    },
    option('signals', [['SIGHUP', 'SIGHUP']], /"SIGHUP" is there twice: leave one out/, 'signals[1]'),
  ]
  describeRows(rows, (options, refusal) => expectThrown(() => closeOnSignals(messaging, options), refusal))
  notAnObject((options) => closeOnSignals(messaging, options))

  it.each([undefined, null, 5, {}, { close: 5 }].map((one) => [bad.shown(one), one]))(
    'the messaging object %s',
    (_, one) => {
      const refusal = {
        code: 'INVALID_OPTION',
        field: 'messaging',
        says: /must be an object with the functions .*on/,
      } as const
      expectThrown(() => closeOnSignals(one as never), refusal)
    },
  )

  it('nothing that fits', () => {
    const remove = closeOnSignals(messaging, { signals: ['SIGHUP'], deadlineMs: 0, exit: true })
    expect(process.listenerCount('SIGHUP')).toBe((before[2] ?? 0) + 1)
    remove()
  })
})
