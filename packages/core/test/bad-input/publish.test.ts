import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as v from 'valibot'
import { BatchError, bytesCodec, defineTopic, jsonCodec, unchecked, type StandardSchema } from '../../src/index.js'
import { createBench, items, mixed, notes, type Bench, type Item } from './bench.js'
import { describeRows, expectRefusal, expectRejected, option, strangeKeys, type Refusal, type Row } from './refusal.js'
import * as bad from './values.js'

let bench: Bench
beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench.messaging.close())

const header = (name: string, values: readonly unknown[], says: RegExp, shownName: string = name): Row => ({
  ...{ what: `the header ${shownName.slice(0, 20)}`, values, code: 'INVALID_HEADER', says },
  field: `options.headers["${shownName}"]`,
  make: (value) => ({ headers: Object.defineProperty({}, name, { value, enumerable: true }) }),
})
const idText = /must be 1 to 200 visible ASCII characters, got/
const tooLongId = 'i'.repeat(201)
const noKeys = bad.noTexts.filter((value) => value !== null)

/** What an entry of a batch may say too. */
const ofMessages: readonly Row[] = [
  { ...option('headers', bad.noObjects, /must be a plain object/, 'options.headers'), code: 'INVALID_HEADER' },
  header('x', [undefined, ...bad.noTexts], /the value must be text, got .*convert it or leave it out/),
  header('__proto__', bad.noTexts, /the value must be text, got/),
  header('constructor', bad.noTexts, /the value must be text, got/),
  header('x', ['\ud800', 'a\udfff'], /lone surrogate.*pass value\.toWellFormed\(\)/),
  header('', ['x'], /the name is empty: give the header a name/),
  ...['a b', 'a:b', 'ä', 'a\r\nb: c', 'a\u0000', '\u007f'].map((name) =>
    header(
      name,
      ['x'],
      /only visible ASCII characters/,
      JSON.stringify(name).slice(1, -1).replace('\u007f', '\\u007f'),
    ),
  ),
  header('n'.repeat(257), ['x'], /has 257 characters: use at most 256/, `${'n'.repeat(64)}…`),
  header('sluice-x', ['x'], /prefix "sluice-" is reserved/),
  header('SLUICE-failures', ['1'], /prefix "sluice-" is reserved/),
  {
    ...{ what: 'a header that cannot be read', values: [1], code: 'INVALID_HEADER', field: 'options.headers["x"]' },
    ...{ says: /cannot be read: the getter threw/, make: () => ({ headers: bad.throwingOn('x') }) },
  },
  ...[
    option('id', ['', ' ', 'a b', 'ä', 'a\n', 'a\u0000', tooLongId, '\ud800', ...bad.noTexts], idText, 'options.id'),
  ].map((row) => ({ ...row, code: 'INVALID_ID' as const })),
  option('correlationId', ['\ud800', ...bad.noTexts], /must be well-formed text/, 'options.correlationId'),
  { ...option('key', noKeys, /key must be a string, a Uint8Array or null, got/, 'key'), code: 'INVALID_KEY' },
  { ...option('key', ['\ud800'], /lone surrogate.*pass key\.toWellFormed\(\)/, 'key'), code: 'INVALID_KEY' },
]
const ofCalls: readonly Row[] = [
  option('timeoutMs', bad.noDurations, /number of at least 0 and at most \d+, got/, 'options.timeoutMs'),
  option('signal', [null, true, 5, 'now', {}, [], { aborted: true }], /must be an AbortSignal/, 'options.signal'),
]
const type: Row = {
  ...option('type', [], /options\.type is only for topics with several types.*leave it out/, 'options.type'),
  ...{ values: ['a', '', null, 5, '__proto__'], code: 'UNKNOWN_OPTION' },
}

/** Rejects, and is no instance of this Promise. */
function foreignPromise(method: string): object {
  return { [method]: (_: unknown, no: (reason: Error) => void) => no(new Error('no')) }
}

const item: Item = { key: 'a' }

describe('publish refuses', () => {
  const rows = [...strangeKeys('options', 'id'), ...ofMessages, ...ofCalls, type]
  describeRows(rows, async (options, refusal) => {
    const refused = await expectRejected(() => bench.messaging.publish(items, item, options), refusal)
    bench.expectNothingLeft()
    return refused
  })

  it.each(bad.noTopics.map((topic) => [bad.shown(topic), topic]))('the topic %s', async (_, topic) => {
    const refusal = { code: 'INVALID_OPTION', field: 'topic', says: /made by defineTopic\(\)/ } as const
    await expectRejected(() => bench.messaging.publish(topic as never, item as never), refusal)
    await expectRejected(() => bench.messaging.publishBatch(topic as never, []), refusal)
    bench.expectNothingLeft()
  })

  it.each([...bad.noObjects, Promise.resolve()].map((given) => [bad.shown(given), given]))(
    'the options %s',
    async (_, options) => {
      const refusal = { code: 'INVALID_OPTION', field: 'options', says: /options must be an object/ } as const
      await expectRejected(() => bench.messaging.publish(items, item, options as never), refusal)
      await expectRejected(() => bench.messaging.publishBatch(items, [], options as never), refusal)
      bench.expectNothingLeft()
    },
  )

  it('a changed copy of a topic: nobody has checked its name', async () => {
    const copy = { ...items, name: 'not a name' }
    const refusal = { code: 'INVALID_OPTION', field: 'topic', says: /made by defineTopic\(\)/ } as const
    await expectRejected(() => bench.messaging.publish(copy, item), refusal)
    bench.expectNothingLeft()
  })

  it.each(
    [undefined, null, '', 'c', 5, 'constructor', '__proto__', 'toString', ['a']].map((one) => [bad.shown(one), one]),
  )('the type %s', async (_, type) => {
    const refusal = {
      code: 'UNKNOWN_TYPE',
      field: 'options.type',
      says: /must be one of a, b on topic "mixed"/,
    } as const
    await expectRejected(() => bench.messaging.publish(mixed, 'x', { type } as never), refusal)
    await expectRejected(() => bench.messaging.publish(mixed, 'x', { type: undefined } as never), refusal)
    await expectRejected(() => bench.messaging.publish(mixed, 'x', undefined as never), refusal)
    bench.expectNothingLeft()
  })

  it('a key where the topic has none', async () => {
    const refusal = { code: 'INVALID_KEY', field: 'options.key', says: /leave out options\.key, or define/ } as const
    for (const key of ['a', '', null, 5]) {
      await expectRejected(() => bench.messaging.publish(notes, 1, { key } as never), refusal)
    }
    bench.expectNothingLeft()
  })
})

describe('publish refuses a payload', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const encoding = {
    code: 'NOT_SERIALIZABLE',
    field: 'payload',
    says: /payload for topic "\w+" cannot be encoded: /,
  } as const

  it.each([
    ['undefined', undefined],
    ['a function', () => 5],
    ['a symbol', Symbol('s')],
    ['a BigInt', 5n],
    ['a BigInt deep inside', { a: [{ b: 5n }] }],
    ['a circular structure', circular],
    ['a getter that throws', bad.throwingOn('a')],
    ['a toJSON that throws', { toJSON: () => bad.throwingOn('a') }],
    ['a toJSON that throws what is no error', { toJSON: () => Promise.reject.call(undefined) }],
  ])('that is %s', async (_, payload) => {
    await expectRejected(() => bench.messaging.publish(notes, payload), encoding)
    bench.expectNothingLeft()
  })

  it.each([
    ['that the codec does not take', bytesCodec, 'text'],
    ['whose codec throws', { ...jsonCodec, encode: () => bytesCodec.encode('text') }, 1],
    ['whose codec returns text', { ...jsonCodec, encode: () => 'text' as never }, 1],
    ['whose codec returns nothing', { ...jsonCodec, encode: () => undefined as never }, 1],
    ['whose codec returns a promise', { ...jsonCodec, encode: () => Promise.resolve(new Uint8Array()) as never }, 1],
  ])('%s', async (_, codec, payload) => {
    const topic = defineTopic('coded', { schema: unchecked<unknown>(), codec })
    await expectRejected(() => bench.messaging.publish(topic, payload), encoding)
    bench.expectNothingLeft()
  })

  it('that cannot be copied for a schema that takes its time', async () => {
    const schema = v.objectAsync({ a: v.any() })
    const topic = defineTopic('later', { schema })
    await expectRejected(() => bench.messaging.publish(topic, { a: () => 5 }), encoding)
    bench.expectNothingLeft()
  })

  it('that the schema refuses, with an issue per field', async () => {
    const schema = v.object({ id: v.string(), lines: v.array(v.object({ amount: v.number() })) })
    const topic = defineTopic('checked', { schema })
    const refusal = {
      code: 'INVALID_PAYLOAD',
      field: 'payload',
      says: /schema of topic "checked": id: .*; lines\.0\.amount: /,
    } as const
    const error = await expectRejected(
      () => bench.messaging.publish(topic, { id: 5, lines: [{ amount: 'x' }] } as never),
      refusal,
    )
    expect(error.issues?.map(({ path }) => path)).toEqual(['id', 'lines.0.amount'])
    expect(error.topic).toBe('checked')
    const later = defineTopic('checked-later', { schema: v.objectAsync({ id: v.string() }) })
    const says = /schema of topic "checked-later": id: /
    await expectRejected(() => bench.messaging.publish(later, { id: 5 } as never), { ...refusal, says })
    bench.expectNothingLeft()
  })

  it.each([
    ['throws', () => Reflect.get(bad.throwingOn('a'), 'a')],
    ['returns nothing', () => undefined],
    ['returns null', () => null],
    ['returns true', () => true],
    ['returns issues that are no list', () => ({ issues: 5 })],
    ['returns issues that are nothing', () => ({ issues: [null] })],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['resolves with nothing', () => Promise.resolve(undefined)],
    ['returns a promise of another library', () => foreignPromise('then')],
  ])('whose schema %s', async (_, validate) => {
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as StandardSchema<unknown>
    const topic = defineTopic('odd', { schema })
    const refusal = { code: 'INVALID_PAYLOAD', field: 'payload', says: /the schema of topic "odd"/ } as const
    await expectRejected(() => bench.messaging.publish(topic, 1), refusal)
    bench.expectNothingLeft()
  })

  it.each(
    [undefined, 5, true, {}, [], Symbol('s'), Promise.resolve('a'), new Uint16Array(1)].map((key) => [
      bad.shown(key),
      key,
    ]),
  )('whose key function returns %s', async (_, key) => {
    const topic = defineTopic('keyed', { schema: unchecked<number>(), key: () => key as string })
    const refusal = { code: 'INVALID_KEY', field: 'key', says: /key must be a string, a Uint8Array or null/ } as const
    await expectRejected(() => bench.messaging.publish(topic, 1), refusal)
    bench.expectNothingLeft()
  })

  it('whose key function throws', async () => {
    const topic = defineTopic('keyed', {
      schema: unchecked<number>(),
      key: () => String(Reflect.get(bad.throwingOn('key'), 'key')),
    })
    const refusal = { code: 'INVALID_KEY', field: 'key', says: /the key function threw/ } as const
    await expectRejected(() => bench.messaging.publish(topic, 1), refusal)
    bench.expectNothingLeft()
  })

  it('that is a tombstone without a key', async () => {
    const topic = defineTopic('state', { schema: unchecked<Item>(), key: ({ key }) => key, tombstones: true })
    const refusal = { code: 'INVALID_KEY', field: 'key', says: /tombstone.*pass options\.key/ } as const
    await expectRejected(() => bench.messaging.publish(topic, null), refusal)
    bench.expectNothingLeft()
  })

  it('that is larger than the broker takes, without sending it', async () => {
    const { messaging, calls } = await createBench()
    const refusal = { code: 'TOO_LARGE', field: undefined, says: /10000/ } as const
    await expectRejected(() => messaging.publish(items, { key: 'x'.repeat(10_000) }), refusal)
    await expectRejected(() => messaging.publish(items, item, { headers: { x: 'x'.repeat(10_000) } }), refusal)
    expect(calls).not.toContain('send')
    expect(messaging.health()).toMatchObject({ status: 'up', pendingPublishes: 0 })
    await messaging.close()
  })
})

describe('publishBatch refuses', () => {
  const settled = option('settled', bad.noBooleans, /must be true or false/, 'options.settled')
  describeRows([...strangeKeys('options', 'settled'), ...ofCalls, settled], async (options, refusal) => {
    const refused = await expectRejected(
      () => bench.messaging.publishBatch(items, [{ payload: item }], options),
      refusal,
    )
    bench.expectNothingLeft()
    return refused
  })

  it.each([undefined, null, 5, {}, () => 5, { length: 1, 0: { payload: item } }].map((one) => [bad.shown(one), one]))(
    'the entries %s',
    async (_, entries) => {
      const refusal = { code: 'INVALID_OPTION', field: 'entries', says: /must be an iterable of \{ payload/ } as const
      await expectRejected(() => bench.messaging.publishBatch(items, entries as never), refusal)
      bench.expectNothingLeft()
    },
  )

  it('entries that fail while they are read, without publishing the ones before', async () => {
    function* entries(): Generator<{ payload: Item }> {
      yield { payload: item }
      throw new Error('no more')
    }
    const refusal = { code: 'INVALID_OPTION', field: 'entries', says: /nothing was published/ } as const
    await expectRejected(() => bench.messaging.publishBatch(items, entries()), refusal)
    bench.expectNothingLeft()
  })

  describe('an entry with', () => {
    const rows: readonly Row[] = [...strangeKeys('options', 'id'), ...ofMessages, type]
    describeRows(rows, async (options, row) => {
      const refusal: Refusal = {
        ...row,
        field: row.field?.replace(/^options\b/, 'entries[0]'),
        says: new RegExp(row.says.source.replace('options', String.raw`entries\[0\]`), 's'),
      }
      const entry = Object.create(Object.prototype, {
        ...{ payload: { value: item, enumerable: true } },
        ...Object.getOwnPropertyDescriptors(options),
      }) as { payload: Item }
      const failed = { code: 'BATCH_FAILED', field: undefined, says: /1 of 1 messages were not stored/ } as const
      const error = await expectRejected(() => bench.messaging.publishBatch(items, [entry]), failed)
      bench.expectNothingLeft()
      if (!(error instanceof BatchError)) throw error
      const [result] = error.results
      return expectRefusal(result?.status === 'failed' ? result.error : undefined, refusal)
    })

    it.each([undefined, ...bad.noObjects].map((entry) => [bad.shown(entry), entry]))(
      'nothing in it: %s',
      async (_, entry) => {
        const [result] = await bench.messaging.publishBatch(items, [entry] as never, { settled: true })
        const refusal = { code: 'INVALID_OPTION', field: 'entries[0]', says: /must be an object/ } as const
        expectRefusal(result?.status === 'failed' ? result.error : undefined, refusal)
        bench.expectNothingLeft()
      },
    )
  })
})

it('accepts the same calls with what fits, on the same messaging object', async () => {
  const { messaging } = bench
  const headers = JSON.parse('{ "__proto__": "a", "constructor": "b", "x": "ä\\n" }') as Record<string, string>
  const options = { headers, id: '!'.repeat(200), correlationId: '', key: '', timeoutMs: 2 ** 40 }
  expect(await messaging.publish(items, item, options)).toMatchObject({ topic: 'items', id: options.id })
  expect(await messaging.publishBatch(items, [{ payload: item, headers }])).toHaveLength(1)
  expect(await messaging.publish(mixed, 'x', { type: 'a' })).toMatchObject({ topic: 'mixed' })
  const odd = defineTopic('types', {
    types: JSON.parse('{ "__proto__": 1, "constructor": 1 }', (_, one) => (one === 1 ? unchecked() : one)) as Record<
      string,
      StandardSchema
    >,
    groups: ['kept'],
  })
  expect(await messaging.publish(odd, 'x', { type: '__proto__' })).toMatchObject({ topic: 'types' })
  expect(await messaging.publish(odd, 'x', { type: 'constructor' })).toMatchObject({ topic: 'types' })
  expect(messaging.health()).toMatchObject({ status: 'up', pendingPublishes: 0 })
})
