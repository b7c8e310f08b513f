import { describe, expect, it } from 'vitest'
import { defineTopic, jsonCodec, unchecked } from '../../src/index.js'
import { describeRows, expectThrown, option, strangeKeys, type Row } from './refusal.js'
import * as bad from './values.js'

const schema = unchecked<string>()
const key = (payload: string): string => payload

/** The definition beside what is wrong: a schema, unless the row is about that. */
const around = (options: object): object =>
  'schema' in options || 'types' in options
    ? options
    : (Object.create(Object.prototype, {
        ...{ schema: { value: schema, enumerable: true }, key: { value: key, enumerable: true } },
        ...Object.getOwnPropertyDescriptors(options),
      }) as object)

const typeNames = ['', ' ', 'a b', 'ä', 'a\n', 'a\u0000', '\ud800', 't'.repeat(101)]
const rows: readonly Row[] = [
  ...strangeKeys('definition', 'key'),
  option('schema', [null, true, 5, 'text', {}, [], () => 5, { '~standard': null }], /not a Standard Schema \(zod/),
  option('schema', [bad.throwingOn('~standard'), { '~standard': {} }], /is not a Standard Schema \(zod/),
  option('schema', [undefined], /needs either `schema` or `types`/, 'definition'),
  { ...option('types', [{ a: schema }], /needs either/, 'definition'), make: (types) => ({ types, schema }) },
  option('types', [null, true, 5, 'text', [], [schema], () => 5, new Map([['a', schema]])], /types must be an object/),
  option('types', [{}], /needs at least one type/),
  option('types', [{ a: schema, b: 5 }, { b: null }, { b: () => 5 }], /is not a Standard Schema/, 'types.b'),
  option('types', [bad.throwingOn('b')], /cannot be read: the getter threw/, 'types.b'),
  ...typeNames.map((name) => ({
    ...option('types', [{ [name]: schema }], /needs a name of 1 to 100 visible ASCII characters/),
    field: `types.${JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name).slice(1, -1)}`,
  })),
  option('key', bad.noFunctions, /must be a function, got/, 'definition.key'),
  option(
    'partitions',
    [...bad.noCounts, 1_025],
    /whole number of at least 1 and at most 1024/,
    'definition.partitions',
  ),
  {
    ...option('partitions', [8], /is only for topics with a key/),
    make: (partitions) => ({ partitions, schema }),
  },
  option('groups', bad.noArrays, /must be an array of names/),
  option('groups', [['a', 'a']], /names a group twice/),
  {
    ...option('groups', bad.noGroupNames, /groups .*(must be a string|may have only|are allowed)/),
    ...{ code: 'INVALID_NAME', make: (name) => ({ groups: ['fine', name] }) },
  },
  option('codec', [null, true, 5, 'json', {}, [], () => 5], /needs encode, decode and a contentType/),
  {
    ...option('codec', [undefined, ...bad.noTexts, '', 'a\nb', 'ä', 'x'.repeat(201)], /contentType of printable ASCII/),
    make: (contentType) => ({ codec: { ...jsonCodec, contentType } }),
  },
  {
    ...option('codec', ['encode', 'decode'], /needs encode, decode and a contentType/),
    make: (method) => ({ codec: { ...jsonCodec, [String(method)]: 5 } }),
  },
  option('tombstones', bad.noBooleans, /must be true or false/),
  {
    ...option('tombstones', [true], /is only for topics with one schema: a tombstone has no type/),
    make: (tombstones) => ({ types: { a: schema }, tombstones }),
  },
]

describe('defineTopic refuses', () => {
  describeRows(rows, (options, refusal) => expectThrown(() => defineTopic('orders', around(options) as never), refusal))

  it.each(bad.noTopicNames.map((name) => [bad.shown(name), name]))('the name %s', (_, name) => {
    const says = /topic .*(must be a string|may have only|are allowed|reserved suffix .*: choose another name)/
    expectThrown(() => defineTopic(name as never, { schema }), { code: 'INVALID_NAME', field: 'topic', says })
  })

  it.each([undefined, ...bad.noObjects].map((given) => [bad.shown(given), given]))('the definition %s', (_, given) => {
    const says = /definition must be an object/
    expectThrown(() => defineTopic('orders', given as never), { code: 'INVALID_OPTION', field: 'definition', says })
  })
})

it('accepts names and types at their limits', () => {
  const types = { ['__proto__']: schema, constructor: schema, ['t'.repeat(100)]: schema }
  const topic = defineTopic(`${'a'.repeat(49)}.${'-_9Z'.repeat(12)}zz`, {
    types,
    groups: ['constructor', '-', 'x'.repeat(100)],
  })
  expect(topic.name).toHaveLength(100)
  expect(Object.keys(topic.types)).toEqual(['__proto__', 'constructor', 't'.repeat(100)])
  expect(Object.getPrototypeOf(topic.types)).toBe(Object.prototype)
})
