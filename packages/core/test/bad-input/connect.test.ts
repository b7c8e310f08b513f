import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect, createMessaging, silentLogger, type CommonOptions } from '../../src/index.js'
import { memory } from '../../src/memory/index.js'
import type { AdapterFactory } from '../../src/config/index.js'
import { spied, type Spied } from './bench.js'
import { describeRows, expectRejected, inner, option, strangeKeys, type Row } from './refusal.js'
import * as bad from './values.js'

const texts = ['', 'a\nb', 'ä', 'x'.repeat(101), ...bad.noTexts]
const atLeastOne = /whole number of at least 1, got/
const codec = { contentType: 'text/plain', encode: () => new Uint8Array(), decode: () => '' }
const middleware = { name: 'm', publish: () => Promise.reject(new Error('not called')) }
const inList = (list: string, row: Row): Row => ({ ...row, make: (value) => ({ [list]: [value] }) })

/** What `createMessaging` and `connect` have in common. */
const rows: readonly Row[] = [
  ...strangeKeys('options', 'clientName'),
  option('clientName', texts, /must be 1 to 100 characters of printable ASCII/),
  option('topology', bad.noChoices, /must be one of declare, verify, none, got/),
  option('startupTimeoutMs', [...bad.noDurations, 0], /number of at least 1 /),
  option('publishTimeoutMs', [...bad.noDurations, 0], /number of at least 1 /),
  option('publishOrder', bad.noChoices, /must be one of pipelined, strict, got/),
  option('buffer', bad.noObjects, /must be an object/),
  ...strangeKeys('buffer', 'messages').map((row) => ({ ...row, make: () => ({ buffer: row.make(1) }) })),
  inner('buffer', 'messages', bad.noCounts, atLeastOne),
  inner('buffer', 'bytes', bad.noCounts, atLeastOne),
  inner('buffer', 'waitingMessages', [...bad.noNumbers, -1, 1.5, Infinity], /whole number of at least 0/),
  inner('buffer', 'waitingBytes', [...bad.noNumbers, -1, 1.5, Infinity], /whole number of at least 0/),
  option('middleware', bad.noArrays, /must be an array/),
  inList('middleware', option('', [null, 5, 'm', undefined], /must be an object with a name and/, 'middleware[0]')),
  inList('middleware', option('', [{ name: 'm' }], /neither publish nor consume/, 'middleware[0]')),
  {
    ...option('name', [undefined, '', ...bad.noTexts], /must be a text/, 'middleware[0].name'),
    make: (name) => ({ middleware: [{ ...middleware, name }] }),
  },
  {
    ...option('consume', bad.noFunctions, /must be a function/, 'middleware[0].consume'),
    make: (consume) => ({ middleware: [{ ...middleware, consume }] }),
  },
  option('codecs', bad.noArrays, /must be an array/),
  inList('codecs', option('', [null, 5, 'json', {}, []], /with the functions encode, decode/, 'codecs[0]')),
  {
    ...option('contentType', [undefined, '', ...bad.noTexts], /must be a text/, 'codecs[0].contentType'),
    make: (contentType) => ({ codecs: [{ ...codec, contentType }] }),
  },
  {
    ...option('contentType', [codec], /"text\/plain" is there twice/, 'codecs[1].contentType'),
    make: (same) => ({ codecs: [same, codec] }),
  },
  option('tracer', [null, true, 5, {}, [], { published: () => 5 }], /must be an object with the functions/),
  option(
    'logger',
    [null, true, 5, {}, [], { ...silentLogger, warn: 5 }],
    /must be an object with the functions warn|debug/,
  ),
  option('clock', [null, true, 5, {}, [], Date], /must be an object with the functions/),
]

describe('createMessaging refuses', () => {
  let spy: Spied
  beforeEach(() => {
    spy = spied(memory({ name: 'bad-input' }))
  })

  /** It was not asked for anything, and serves the next one. */
  const expectUsable = async (): Promise<void> => {
    expect(spy.calls).toEqual([])
    const messaging = await createMessaging({ adapter: spy.adapter })
    expect(messaging.health().status).toBe('up')
    await messaging.close()
  }
  const call = (options: object): Promise<unknown> =>
    createMessaging(
      Object.create(Object.prototype, {
        ...{ adapter: { value: spy.adapter, enumerable: true } },
        ...Object.getOwnPropertyDescriptors(options),
      }) as never,
    )

  describeRows(
    rows.filter(({ what }) => !what.startsWith('a getter')),
    async (options, refusal) => {
      const refused = await expectRejected(() => call(options), refusal)
      await expectUsable()
      return refused
    },
  )

  it.each(
    [undefined, null, true, 5, 'memory', {}, [], memory, { spi: 2 }, { spi: 1 }].map((one) => [bad.shown(one), one]),
  )('the adapter %s', async (_, adapter) => {
    const refusal = {
      code: 'INVALID_OPTION',
      field: 'adapter',
      says: /adapter of SPI version 1, for example memory\(\)/,
    } as const
    await expectRejected(() => createMessaging({ adapter } as never), refusal)
  })
})

describe('connect refuses', () => {
  const opened: string[] = []
  const made: Spied[] = []
  const factory: AdapterFactory = {
    schemes: ['spy'],
    fromUrl: (url) => {
      opened.push(url)
      const one = spied(memory({ name: 'bad-input-connect' }))
      made.push(one)
      return one.adapter
    },
  }
  beforeEach(() => {
    vi.stubEnv('SLUICE_URL', undefined)
    opened.length = 0
    made.length = 0
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  const expectNothingMade = (): void => {
    expect({ opened, made }).toEqual({ opened: [], made: [] })
  }

  describeRows(
    [...rows, option('adapters', bad.noArrays, /must be an array/, 'options.adapters')],
    async (options, refusal) => {
      const given = Object.create(Object.prototype, {
        ...{ adapters: { value: [factory], enumerable: true } },
        ...Object.getOwnPropertyDescriptors(options),
      }) as CommonOptions
      const refused = await expectRejected(() => connect('spy:', given), refusal)
      expectNothingMade()
      return refused
    },
  )

  const ofTargets: readonly Row[] = [
    ...strangeKeys('target', 'url'),
    option('url', bad.noTexts, /must be a text or a URL/, 'target.url'),
    option(
      'url',
      [undefined, ''],
      /target\.url is missing.*connect\(\) takes SLUICE_URL or sluice\.config/,
      'target.url',
    ),
    {
      ...option('adapterOptions', [null, true, 5, 'text', []], /must be an object/, 'target.adapterOptions'),
      make: (adapterOptions) => ({ url: 'spy:', adapters: [factory], adapterOptions }),
    },
    {
      ...option('adapters', bad.noArrays, /must be an array/, 'target.adapters'),
      make: (adapters) => ({ url: 'spy:', adapters }),
    },
  ]
  describe('as its target', () => {
    describeRows(ofTargets, async (target, refusal) => {
      const refused = await expectRejected(() => connect(target as never), refusal)
      expectNothingMade()
      return refused
    })

    it.each([null, true, 5, Symbol('s'), [], () => 'memory:', new Map()].map((one) => [bad.shown(one), one]))(
      '%s',
      async (_, target) => {
        const refusal = { code: 'INVALID_OPTION', field: 'target', says: /target must be an object/ } as const
        await expectRejected(() => connect(target as never), refusal)
      },
    )
  })

  it.each([
    ['', 'INVALID_OPTION', 'url', /url must not be empty/],
    ['localhost', 'INVALID_CONFIGURATION', 'url', /must begin with a scheme\. Known: memory:, amqp:, amqps:, kafka:/],
    ['//localhost', 'INVALID_CONFIGURATION', 'url', /must begin with a scheme/],
    [
      'constructor:',
      'UNKNOWN_SCHEME',
      'url',
      /no adapter is known for constructor: URLs\. Known: .*Pass others as adapters/,
    ],
    ['redis://localhost', 'UNKNOWN_SCHEME', 'url', /no adapter is known for redis: URLs/],
    ['memory:a b', 'INVALID_CONFIGURATION', 'name', /only letters, digits/],
    ['memory:a/b', 'INVALID_CONFIGURATION', 'name', /only letters, digits/],
    [`memory:${'x'.repeat(101)}`, 'INVALID_CONFIGURATION', 'name', /only letters, digits.*100 of them/],
    ['memory:#x', 'INVALID_CONFIGURATION', 'url', /must look like memory:/],
    ['memory:?like=sqs', 'INVALID_CONFIGURATION', 'like', /must be one of queue, log, rabbitmq, kafka, got "sqs"/],
    [`memory:?like=${'x'.repeat(10_000)}`, 'INVALID_CONFIGURATION', 'like', /must be one of queue/],
    ['memory:?like=a%0Ab', 'INVALID_CONFIGURATION', 'like', /got "a\\nb"/],
    ['memory:?partitions=0', 'INVALID_CONFIGURATION', 'partitions', /whole number from 1 to 1024, got "0"/],
    ['memory:?partitions=-1', 'INVALID_CONFIGURATION', 'partitions', /whole number from 1 to 1024/],
    ['memory:?partitions=1.5', 'INVALID_CONFIGURATION', 'partitions', /whole number from 1 to 1024/],
    ['memory:?partitions=NaN', 'INVALID_CONFIGURATION', 'partitions', /whole number from 1 to 1024/],
    ['memory:?partitions=1025', 'INVALID_CONFIGURATION', 'partitions', /whole number from 1 to 1024/],
    ['memory:?like=log&like=log', 'INVALID_CONFIGURATION', 'like', /stands twice/],
    [
      'memory:?constructor=1',
      'INVALID_CONFIGURATION',
      'constructor',
      /not known in a memory URL\. Known: like, partitions/,
    ],
    ['memory:?__proto__=1', 'INVALID_CONFIGURATION', '__proto__', /not known in a memory URL/],
  ] as const)('the URL %s', async (url, code, field, says) => {
    await expectRejected(() => connect(url), { code, field, says })
    vi.stubEnv('SLUICE_URL', url === '' ? '  ' : url)
    const refusal =
      url === '' ? { code: 'NO_CONFIGURATION', field: 'url', says: /SLUICE_URL=memory:/ } : { code, field, says }
    await expectRejected(() => connect(), refusal as never)
  })

  it('to guess where there is no configuration at all', async () => {
    const says = /SLUICE_URL is not set.*Set SLUICE_URL \(for example SLUICE_URL=memory:\).*connect\("memory:"\)/s
    await expectRejected(() => connect(), { code: 'NO_CONFIGURATION', field: 'url', says })
  })

  it.each([
    ['SLUICE_TOPOLOGY', 'create', /must be one of declare, verify, none/],
    ['SLUICE_CLIENT_NAME', 'ä', /printable ASCII/],
    ['SLUICE_STARTUP_TIMEOUT_MS', '5s', /must be a number of milliseconds, got "5s"/],
    ['SLUICE_STARTUP_TIMEOUT_MS', '-5', /must be a number of milliseconds/],
    ['SLUICE_PUBLISH_TIMEOUT_MS', '0', /at least 1 /],
    ['SLUICE_PUBLISH_TIMEOUT_MS', 'Infinity', /must be a number of milliseconds/],
  ])('the environment variable %s=%s', async (variable, value, says) => {
    vi.stubEnv(variable, value)
    await expectRejected(() => connect('spy:', { adapters: [factory] }), {
      code: 'INVALID_OPTION',
      field: variable,
      says,
    })
    expectNothingMade()
  })

  it('two adapters for one scheme', async () => {
    const other: AdapterFactory = { ...factory, schemes: ['other', 'spy'] }
    const refusal = {
      code: 'DUPLICATE_ADAPTER',
      field: 'adapters[1]',
      says: /two of the given adapters are for spy: URLs/,
    } as const
    await expectRejected(() => connect('spy:', { adapters: [factory, other] }), refusal)
    await expectRejected(() => connect({ url: 'spy:', adapters: [factory, other] }), refusal)
    expectNothingMade()
  })

  it.each(
    [
      null,
      5,
      {},
      { schemes: ['spy'] },
      { ...factory, schemes: [] },
      { ...factory, schemes: 'spy' },
      { ...factory, schemes: ['SPY:'] },
    ].map((one) => [bad.shown(one), one]),
  )('the adapter factory %s', async (_, one) => {
    const refusal = {
      code: 'INVALID_OPTION',
      field: 'adapters[0]',
      says: /must have schemes \(lower case, without colon\) and fromUrl/,
    } as const
    await expectRejected(() => connect('spy:', { adapters: [one] } as never), refusal)
  })

  it('options that the adapter does not have', async () => {
    const unknown = { code: 'UNKNOWN_OPTION', field: 'options.brokers', says: /does not exist\. Known: / } as const
    await expectRejected(() => connect({ url: 'memory:', adapterOptions: { brokers: 1 } }), unknown)
    const broker = { code: 'INVALID_OPTION', field: 'broker', says: /createMemoryBroker\(\) returned/ } as const
    await expectRejected(() => connect({ url: 'memory:', adapterOptions: { broker: null } }), broker)
  })

  it('nothing that fits', async () => {
    const messaging = await connect('spy:', { adapters: [factory], clientName: 'shop', logger: silentLogger })
    expect(messaging.health().status).toBe('up')
    await messaging.close()
    expect(made[0]?.calls).toEqual(['open', 'close'])
  })
})
