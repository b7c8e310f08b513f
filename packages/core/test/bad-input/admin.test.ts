import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineTopic, unchecked } from '../../src/index.js'
import { createBench, items, notes, type Bench } from './bench.js'
import { describeRows, expectRejected, expectThrown, option, strangeKeys, type Row } from './refusal.js'
import * as bad from './values.js'

let bench: Bench
beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench.messaging.close())

describe('provision refuses', () => {
  const options = [
    ...strangeKeys('options', 'mode'),
    option('mode', bad.noChoices, /must be one of plan, verify, declare/),
  ]
  describeRows(options, async (given, refusal) => {
    const refused = await expectRejected(() => bench.messaging.provision([items], given), refusal)
    bench.expectNothingLeft()
    return refused
  })

  it.each(bad.noObjects.map((given) => [bad.shown(given), given]))('the options %s', async (_, given) => {
    const refusal = { code: 'INVALID_OPTION', field: 'options', says: /options must be an object/ } as const
    await expectRejected(() => bench.messaging.provision([items], given as never), refusal)
    bench.expectNothingLeft()
  })

  it.each([undefined, ...bad.noArrays].map((topics) => [bad.shown(topics), topics]))(
    'the topics %s',
    async (_, topics) => {
      const refusal = { code: 'INVALID_OPTION', field: 'topics', says: /topics must be an array of topics/ } as const
      await expectRejected(() => bench.messaging.provision(topics as never), refusal)
      bench.expectNothingLeft()
    },
  )

  it.each(bad.noTopics.map((topic) => [bad.shown(topic), topic]))('the topic %s in the list', async (_, topic) => {
    const made = {
      code: 'INVALID_OPTION',
      field: 'topics[1]',
      says: /made by defineTopic\(\), or \{ topic, groups \}/,
    } as const
    await expectRejected(() => bench.messaging.provision([items, topic] as never), made)
    await expectRejected(() => bench.messaging.provision([items, { topic, groups: [] }] as never), made)
    bench.expectNothingLeft()
  })

  const rows: readonly Row[] = [
    ...strangeKeys('topics[0]', 'groups').map((row) => ({ ...row, make: () => withTopic(row.make(1)) })),
    {
      ...option('groups', [undefined, ...bad.noArrays], /must be an array of names or groups/, 'topics[0].groups'),
      make: (groups) => ({ topic: items, groups }),
    },
    {
      ...option('groups', bad.noGroupNames.filter(isTextual), /may have only|are allowed/, 'topics[0].groups[0]'),
      ...{ code: 'INVALID_NAME', make: (name) => ({ topic: items, groups: [name] }) },
    },
    {
      ...option('groups', bad.noGroupNames, /must be a string|may have only|are allowed/, 'topics[0].groups[0]'),
      ...{ code: 'INVALID_NAME', make: (name) => ({ topic: items, groups: [{ name }] }) },
    },
    {
      ...option(
        'groups',
        bad.noObjects.filter((one) => !isTextual(one)),
        /must be an object/,
        'topics[0].groups[0]',
      ),
      make: (group) => ({ topic: items, groups: [group] }),
    },
    {
      ...option('topic', [bad.throwingOn('topic')], /cannot be read/, 'topics[0].topic'),
      make: (given) => given as object,
    },
    ...strangeKeys('topics[0].groups[0]', 'name').map((row) => ({
      ...{ ...row, make: () => ({ topic: items, groups: [row.make(1)] }) },
    })),
    {
      ...option('order', bad.noChoices, /must be one of key, none/, 'topics[0].groups[0].order'),
      make: (order) => ({ topic: items, groups: [{ name: 'g', order }] }),
    },
    {
      ...option('order', ['key'], /topic "notes" has no key/, 'topics[0].groups[0].order'),
      make: (order) => ({ topic: notes, groups: [{ name: 'g', order }] }),
    },
    {
      ...option('from', bad.noChoices, /must be one of creation, earliest/, 'topics[0].groups[0].from'),
      make: (from) => ({ topic: items, groups: [{ name: 'g', from }] }),
    },
    {
      ...option('from', ['earliest'], /adapter "memory" refuses from: "earliest"/, 'topics[0].groups[0]'),
      ...{ code: 'UNSUPPORTED', make: (from) => ({ topic: items, groups: [{ name: 'g', from }] }) },
    },
    {
      ...option(
        'groups',
        [{ order: 'none' }],
        /is listed twice: order "key".*, and order "none"/,
        'topics[0].groups[1]',
      ),
      ...{
        code: 'NAME_COLLISION',
        make: (other) => ({ topic: items, groups: ['g', { name: 'g', ...(other as object) }] }),
      },
    },
  ]
  describeRows(rows, async (given, refusal) => {
    const refused = await expectRejected(() => bench.messaging.provision([given as never]), refusal)
    bench.expectNothingLeft()
    return refused
  })

  it('two topics of one name that contradict each other', async () => {
    const noKey = defineTopic('items', { schema: unchecked<string>() })
    const [two, three] = [2, 3].map((partitions) =>
      defineTopic('items', { schema: unchecked<string>(), key: (one) => one, partitions }),
    )
    const refusal = { code: 'NAME_COLLISION', field: 'topics' } as const
    const keys = { ...refusal, says: /two topics are named "items": one has a key, the other has none\. Share one/ }
    await expectRejected(() => bench.messaging.provision([items, noKey]), keys)
    const counts = { ...refusal, says: /one wants 2 partitions, the other 3/ }
    await expectRejected(() => bench.messaging.provision([two, three] as never), counts)
    bench.expectNothingLeft()
  })
})

describe('deadLetters refuses', () => {
  it.each(bad.noGroupNames.map((name) => [bad.shown(name), name]))('the group %s', (_, group) => {
    const says = /group .*(must be a string|may have only|are allowed)/
    expectThrown(() => bench.messaging.deadLetters(items, group as never), {
      code: 'INVALID_NAME',
      field: 'group',
      says,
    })
    bench.expectNothingLeft()
  })

  const calls = { list: 'limit', redrive: 'limit', purge: 'filter' } as const
  for (const call of Object.keys(calls) as (keyof typeof calls)[]) {
    describe(`in ${call}`, () => {
      const filter = option('filter', bad.noFunctions, /filter must be a function, got/)
      const own: Readonly<Record<keyof typeof calls, readonly Row[]>> = {
        list: [
          option('after', bad.noTexts, /must be the `next` of a page/),
          option('limit', [...bad.noCounts, 10_001], /whole number of at least 1 and at most 10000/),
        ],
        redrive: [
          filter,
          option(
            'limit',
            bad.noCounts.filter((one) => one !== 0),
            /whole number of at least 0/,
          ),
          option('perSecond', [...bad.noNumbers, 0, -1, Infinity, 1e10], /number of at least 0\.001 and at most/),
          option('dryRun', bad.noBooleans, /must be true or false/),
          option('signal', [null, true, 'now', {}, { aborted: true }], /must be an AbortSignal/),
        ],
        purge: [filter],
      }
      describeRows([...strangeKeys('options', calls[call]), ...own[call]], async (options, refusal) => {
        const refused = await expectRejected(() => bench.messaging.deadLetters(items, 'g')[call](options), refusal)
        bench.expectNothingLeft()
        return refused
      })

      it.each(bad.noObjects.map((given) => [bad.shown(given), given]))('the options %s', async (_, given) => {
        const refusal = { code: 'INVALID_OPTION', field: 'options', says: /options must be an object/ } as const
        await expectRejected(() => bench.messaging.deadLetters(items, 'g')[call](given as never), refusal)
        bench.expectNothingLeft()
      })
    })
  }
})

it('accepts the same calls with what fits, on the same messaging object', async () => {
  const { messaging, calls } = bench
  const report = await messaging.provision([{ topic: items, groups: [{ name: 'g', order: 'key', from: 'creation' }] }])
  expect(report.items.map(({ state }) => state)).toEqual(['created', 'created', 'created'])
  const letters = messaging.deadLetters(items, 'g')
  expect(await letters.list({ limit: 10_000 })).toEqual({ letters: [], next: undefined })
  expect(await letters.redrive({ limit: 0, perSecond: 0.001, dryRun: true })).toEqual({ redriven: 0, skipped: 0 })
  expect(await letters.purge({ filter: () => true })).toEqual({ purged: 0 })
  expect(calls.splice(0)).toContain('deadLetters')
  bench.expectNothingLeft()
})

const isTextual = (value: unknown): boolean => typeof value === 'string'

function withTopic(options: object): object {
  return Object.create(Object.prototype, {
    ...{ topic: { value: items, enumerable: true }, groups: { value: [], enumerable: true } },
    ...Object.getOwnPropertyDescriptors(options),
  }) as object
}
