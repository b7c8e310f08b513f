import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMessaging } from '../../src/index.js'
import { memory } from '../../src/memory/index.js'
import { createBench, mixed, spied, type Bench } from './bench.js'
import { describeRows, expectRejected, expectThrown, strangeKeys } from './refusal.js'
import * as bad from './values.js'

let bench: Bench
beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench.messaging.close())

describe('createMessaging refuses', () => {
  it.each([undefined, ...bad.noObjects].map((given) => [bad.shown(given), given]))(
    'the options %s',
    async (_, given) => {
      const refusal = { code: 'INVALID_OPTION', field: 'options', says: /options must be an object/ } as const
      await expectRejected(() => createMessaging(given as never), refusal)
    },
  )

  describeRows(strangeKeys('options', 'adapter'), (options, refusal) =>
    expectRejected(() => createMessaging(options as never), refusal),
  )

  it('an adapter that lacks something, before it is asked anything', async () => {
    const { adapter, calls } = spied(memory({ name: 'whole' }))
    const methods = { code: 'INVALID_OPTION', field: 'adapter', says: /with the functions/ } as const
    for (const method of [
      'open',
      'route',
      'provision',
      'send',
      'consume',
      'deadLetters',
      'measure',
      'inspect',
      'close',
    ])
      await expectRejected(() => createMessaging({ adapter: { ...adapter, [method]: undefined } }), methods)
    const version = {
      code: 'INVALID_OPTION',
      field: 'adapter',
      says: /of SPI version 1, for example memory\(\)/,
    } as const
    for (const wrong of [{ spi: 2 }, { spi: '1' }, { capabilities: undefined }])
      await expectRejected(() => createMessaging({ adapter: { ...adapter, ...wrong } as never }), version)
    expect(calls).toEqual([])
  })

  it('an adapter that serves another messaging object, and leaves that one alone', async () => {
    const adapter = memory({ name: 'whole' })
    const first = await createMessaging({ adapter })
    const refusal = {
      code: 'INVALID_OPTION',
      field: 'adapter',
      says: /serves another messaging object: make one for each/,
    } as const
    await expectRejected(() => createMessaging({ adapter }), refusal)
    expect(first.health()).toMatchObject({ status: 'up', publish: 'ready', consume: 'ready' })
    await first.close()
  })
})

describe('a topic that is none', () => {
  it.each([...bad.noTopics, bad.throwingOn('kind')].map((topic) => [bad.shown(topic), topic]))(
    'is refused: %s',
    async (_, topic) => {
      const refusal = { code: 'INVALID_OPTION', field: 'topic', says: /made by defineTopic\(\)/ } as const
      expectThrown(() => bench.messaging.deadLetters(topic as never, 'g'), refusal)
      await expectRejected(() => bench.messaging.subscribe(topic as never, { group: 'g' }, () => undefined), refusal)
      await expectRejected(
        () => bench.messaging.subscribeBatch(topic as never, { group: 'g' }, () => undefined),
        refusal,
      )
      await expectRejected(() => bench.messaging.stream(topic as never, { group: 'g' }).subscription, refusal)
      bench.expectNothingLeft()
    },
  )
})

describe('handlers by type', () => {
  it.each([[], [() => 5], {}].map((handlers) => [bad.shown(handlers), handlers]))('are not %s', async (_, handlers) => {
    const refusal = { code: 'INVALID_OPTION', field: 'handler', says: /one function per type/ } as const
    await expectRejected(() => bench.messaging.subscribe(mixed, { group: 'g' }, handlers as never), refusal)
    bench.expectNothingLeft()
  })

  it('cannot be read', async () => {
    const refusal = { code: 'INVALID_OPTION', field: 'handlers.a', says: /cannot be read: the getter threw/ } as const
    await expectRejected(() => bench.messaging.subscribe(mixed, { group: 'g' }, bad.throwingOn('a') as never), refusal)
    bench.expectNothingLeft()
  })
})
