import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectIn, type Surroundings } from '../../src/config/connect.js'
import type { ConnectOptions } from '../../src/config/connect-options.js'
import { connect } from '../../src/connect.js'
import { defineConfig } from '../../src/config/index.js'
import { loadPackage } from '../../src/config/adapters.js'
import { SluiceError } from '../../src/errors/sluice-error.js'
import { memory } from '../../src/memory/index.js'
import type { AdapterFactory } from '../../src/spi/adapter-factory.js'
import type { Messaging } from '../../src/messaging-handle.js'

let directory: string
let open: Messaging[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-config-'))
})

afterEach(async () => {
  await Promise.all(open.map((messaging) => messaging.close()))
  open = []
  await rm(directory, { recursive: true })
})

interface Recorded {
  readonly factory: AdapterFactory
  readonly made: { readonly url: string; readonly options: object; clientName: string }[]
}

/** An adapter factory that remembers what it was asked for, and hands out memory. */
function recorder(...schemes: string[]): Recorded {
  const made: Recorded['made'] = []
  const factory: AdapterFactory = {
    schemes,
    fromUrl: (url, options) => {
      const adapter = memory({ name: 'config-test' })
      const one = { url, options, clientName: '' }
      made.push(one)
      const open = adapter.open.bind(adapter)
      return Object.assign(adapter, {
        open: (...[context, signal]: Parameters<typeof adapter.open>) => {
          one.clientName = context.clientName
          return open(context, signal)
        },
      })
    },
  }
  return { factory, made }
}

interface Given {
  readonly env?: Surroundings['env']
  readonly load?: Surroundings['load']
}

async function run(
  { env = {}, load = loadPackage }: Given,
  ...args: [Parameters<typeof connectIn>[1]?, Parameters<typeof connectIn>[2]?]
): Promise<Messaging> {
  const messaging = await connectIn({ env, directory, load }, ...args)
  open.push(messaging)
  return messaging
}

const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text)

describe('connect to what it is given', () => {
  it.each(['memory:', 'MEMORY:', 'memory:shop?like=log'])('opens %s', async (url) => {
    const messaging = await run({}, url)
    expect(messaging.adapter).toBe('memory')
    expect(messaging.capabilities.routing).toBe(url.includes('log') ? 'log' : 'bound')
    expect(messaging.health().status).toBe('up')
  })

  it('takes a URL object and an object with options', async () => {
    expect((await run({}, new URL('memory:'))).adapter).toBe('memory')
    const { factory, made } = recorder('test')
    await run(
      {},
      { url: 'test://a,b', adapterOptions: { x: 1 }, clientName: 'shop' },
      { adapters: [factory], clientName: 'till' },
    )
    expect(made).toEqual([{ url: 'test://a,b', options: { x: 1 }, clientName: 'till' }])
  })

  it('hands options of the memory adapter on', async () => {
    expect((await run({}, { url: 'memory:', adapterOptions: { like: 'kafka' } })).capabilities.giveBack).toBe('rewind')
    await expect(run({}, { url: 'memory:', adapterOptions: { likes: 'kafka' } })).rejects.toMatchObject({
      code: 'UNKNOWN_OPTION',
    })
    await expect(run({}, 'memory:?like=nats')).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION', field: 'like' })
  })

  it('works with the process as it is', async () => {
    const messaging = await connect('memory:')
    open.push(messaging)
    expect(messaging.adapter).toBe('memory')
  })
})

describe('where the configuration comes from', () => {
  it('says what to do when there is none', async () => {
    const error = await run({}).then(String, (error: unknown) => error as SluiceError)
    expect(error).toMatchObject({
      code: 'NO_CONFIGURATION',
      message: expect.stringMatching(/SLUICE_URL=memory:.*sluice\.config/),
    })
    await write('sluice.config.json', '{}')
    await expect(run({ env: { SLUICE_URL: '  ' } })).rejects.toMatchObject({
      code: 'NO_CONFIGURATION',
      message: expect.stringContaining('sluice.config.json has no url'),
    })
  })

  it('is SLUICE_URL before the file, and the file before nothing', async () => {
    await write('sluice.config.json', JSON.stringify({ url: 'memory:?like=log' }))
    expect((await run({})).capabilities.routing).toBe('log')
    expect((await run({ env: { SLUICE_URL: 'memory:' } })).capabilities.routing).toBe('bound')
  })

  it.each([
    ['sluice.config.mjs', 'await 0\nexport default { url: "memory:?like=log" }'],
    ['sluice.config.cjs', 'module.exports = { url: "memory:?like=log" }'],
    ['sluice.config.cjs', 'exports.__esModule = true; exports.default = { url: "memory:?like=log" }'],
    ['sluice.config.json', '\uFEFF{ "url": "memory:?like=log" }'],
  ])('reads %s', async (name, text) => {
    await write(name, text)
    expect((await run({})).capabilities.routing).toBe('log')
  })

  it('lets the call win over the environment, and the environment over the file', async () => {
    const { factory, made } = recorder('test')
    await write(
      'sluice.config.json',
      JSON.stringify({ url: 'test://file', clientName: 'file', adapterOptions: { a: 1 } }),
    )
    await run({}, undefined, { adapters: [factory] })
    await run({ env: { SLUICE_CLIENT_NAME: 'env', SLUICE_URL: 'test://env' } }, undefined, { adapters: [factory] })
    await run({ env: { SLUICE_CLIENT_NAME: 'env' } }, 'test://call', { adapters: [factory], clientName: 'call' })
    await run({ env: { SLUICE_CLIENT_NAME: 'env' } }, undefined, {
      adapters: [factory],
      clientName: undefined as never,
    })
    expect(made).toEqual([
      { url: 'test://file', options: { a: 1 }, clientName: 'file' },
      { url: 'test://env', options: { a: 1 }, clientName: 'env' },
      { url: 'test://call', options: {}, clientName: 'call' },
      { url: 'test://file', options: { a: 1 }, clientName: 'env' },
    ])
  })

  it('leaves the adapter options of the file out when SLUICE_URL chooses another adapter', async () => {
    const one = recorder('one', 'ones')
    const two = recorder('two')
    await write('sluice.config.json', JSON.stringify({ url: 'one://x', adapterOptions: { a: 1 } }))
    const adapters = [one.factory, two.factory]
    await run({ env: { SLUICE_URL: 'ones://x' } }, undefined, { adapters })
    await run({ env: { SLUICE_URL: 'two://x' } }, undefined, { adapters })
    expect([one.made[0]?.options, two.made[0]?.options]).toEqual([{ a: 1 }, {}])
  })

  it('refuses wrong variables by their names', async () => {
    const wrong = {
      SLUICE_TOPOLOGY: 'create',
      SLUICE_CLIENT_NAME: 'ünï',
      SLUICE_STARTUP_TIMEOUT_MS: '5s',
      SLUICE_PUBLISH_TIMEOUT_MS: '0',
    }
    for (const [field, value] of Object.entries(wrong)) {
      await expect(run({ env: { [field]: value } }, 'memory:')).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        field,
        message: expect.stringContaining(field),
      })
    }
    const env = {
      SLUICE_TOPOLOGY: 'verify',
      SLUICE_STARTUP_TIMEOUT_MS: '1500',
      SLUICE_PUBLISH_TIMEOUT_MS: '',
      SLUICE_OTHER: 'x',
    }
    expect((await run({ env }, 'memory:')).adapter).toBe('memory')
  })
})

describe('a wrong configuration file', () => {
  it.each([
    [
      'sluice.config.json',
      '{ "url": \n "amqp://u:hidden@h" "x" }',
      'INVALID_CONFIGURATION',
      /is not valid JSON( \(line 2\))?$/,
    ],
    ['sluice.config.json', '[]', 'INVALID_CONFIGURATION', /must hold an object/],
    ['sluice.config.json', '{ "uri": "memory:" }', 'UNKNOWN_OPTION', /sluice\.config\.json\.uri does not exist/],
    ['sluice.config.json', '{ "url": 5 }', 'INVALID_OPTION', /sluice\.config\.json\.url must be/],
    ['sluice.config.json', '{ "url": "memory:", "adapterOptions": [] }', 'INVALID_OPTION', /adapterOptions must be/],
    ['sluice.config.json', '{ "url": "memory:", "startupTimeoutMs": -1 }', 'INVALID_OPTION', /startupTimeoutMs/],
    ['sluice.config.mjs', 'export const url = "memory:"', 'INVALID_CONFIGURATION', /default export/],
    [
      'sluice.config.mjs',
      'throw new Error("no amqp://u:hidden@h")',
      'INVALID_CONFIGURATION',
      /failed when it was loaded: no amqp:\/\/u:\*\*\*@h/,
    ],
  ])('%s with %j is %s', async (name, text, code, message) => {
    await write(name, text)
    const error = (await run({}).catch((error: unknown) => error)) as SluiceError
    expect(error).toMatchObject({ name: 'SluiceError', code, message: expect.stringMatching(message) })
    expect(`${error.stack}`).not.toContain('hidden')
  })

  it('is refused when there are two', async () => {
    await write('sluice.config.json', '{ "url": "memory:" }')
    await write('sluice.config.mjs', 'export default { url: "memory:" }')
    await expect(run({})).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringMatching(/sluice\.config\.mjs stands beside sluice\.config\.json/),
    })
    expect((await run({}, 'memory:')).adapter).toBe('memory')
  })
})

describe('finding the adapter', () => {
  const missing: Surroundings['load'] = (name) =>
    Promise.reject(Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' }))

  it.each([
    ['amqp://h', '@sluice/adapter-rabbitmq'],
    ['amqps://h', '@sluice/adapter-rabbitmq'],
    ['kafka://a:1,b:2', '@sluice/adapter-kafka'],
  ])('loads for %s the package %s, and says how to install it', async (url, name) => {
    const { factory, made } = recorder('unused')
    const asked: string[] = []
    const load: Surroundings['load'] = (one) => {
      asked.push(one)
      return Promise.resolve({ adapterFactory: factory })
    }
    await run({ load }, url)
    expect(asked).toEqual([name])
    expect(made).toMatchObject([{ url, options: {} }])
    const error = (await run({ load: missing }, url).catch((error: unknown) => error)) as SluiceError
    expect(error.code).toBe('ADAPTER_MISSING')
    expect(error.message.split('\n')).toContain(`npm install ${name}`)
  })

  it('knows a package that is missing from one that is broken', async () => {
    await expect(loadPackage('@sluice/no-such-package')).rejects.toMatchObject({
      code: expect.stringMatching(/MODULE_NOT_FOUND$/),
    })
    const broken: Surroundings['load'] = () =>
      Promise.reject(Object.assign(new Error("Cannot find package 'kafkajs'"), { code: 'ERR_MODULE_NOT_FOUND' }))
    await expect(run({ load: broken }, 'kafka://h')).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/@sluice\/adapter-kafka is installed and cannot be loaded: .*kafkajs/),
    })
    await expect(run({ load: () => Promise.resolve({}) }, 'kafka://h')).rejects.toMatchObject({
      message: expect.stringContaining('exports no adapterFactory'),
    })
  })

  it('refuses unknown schemes and none, and shows nothing that could be secret', async () => {
    await expect(run({}, 'nats://u:hidden@h')).rejects.toMatchObject({
      code: 'UNKNOWN_SCHEME',
      message: expect.stringMatching(/nats: URLs\. Known: memory:, amqp:, amqps:, kafka:/),
    })
    const error = (await run({}, 'hidden@host').catch((error: unknown) => error)) as SluiceError
    expect(error).toMatchObject({ code: 'INVALID_CONFIGURATION', field: 'url' })
    expect(error.message).not.toContain('hidden')
  })

  it('takes given adapters before its own, but not two for one scheme', async () => {
    const mine = recorder('kafka', 'mine')
    await run({ load: missing }, 'kafka://h', { adapters: [mine.factory] })
    expect(mine.made).toHaveLength(1)
    await expect(
      run({}, 'memory:', { adapters: [mine.factory, recorder('other', 'mine').factory] }),
    ).rejects.toMatchObject({
      code: 'DUPLICATE_ADAPTER',
      field: 'adapters[1]',
      message: expect.stringContaining('mine:'),
    })
    for (const wrong of [
      {},
      { schemes: [], fromUrl: () => 0 },
      { schemes: ['A:'], fromUrl: () => 0 },
      { schemes: ['a'] },
      null,
    ]) {
      await expect(run({}, 'memory:', { adapters: [wrong as never] })).rejects.toMatchObject({ field: 'adapters[0]' })
    }
  })

  it('checks everything before anything is loaded or made', async () => {
    const asked: string[] = []
    const load: Surroundings['load'] = (name) => missing((asked.push(name), name))
    const url = 'kafka://h'
    const wrong = [
      [url, { clientname: 'x' }],
      [url, { url }],
      [url, { buffer: { messages: 0 } }],
      [url, { middleware: [{}] }],
      [url, null],
      [{ url, clientname: 'x' }],
      [{ url, topology: 'create' }],
      [{ url: '' }],
      [{}],
      [''],
      [5],
    ] as never[]
    for (const args of wrong) {
      const error: unknown = await run({ load }, ...(args as [string])).catch((error: unknown) => error)
      expect(error).toMatchObject({ name: 'SluiceError', code: expect.stringMatching(/^(UNKNOWN|INVALID)_OPTION$/) })
    }
    expect(asked).toEqual([])
  })

  it('lets no error of an adapter tell a password', async () => {
    const url = 'test://user:hid%2Fden@host'
    const failing = (error: unknown): AdapterFactory => ({
      schemes: ['test'],
      fromUrl: () => {
        throw error
      },
    })
    const seen = async (thrown: unknown): Promise<SluiceError> =>
      (await run({}, url, { adapters: [failing(thrown)] }).catch((caught: unknown) => caught)) as SluiceError
    const plain = await seen(new TypeError(`cannot parse ${url}`))
    expect(plain).toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: 'INVALID_CONFIGURATION: cannot parse test://user:***@host',
    })
    const typed = await seen(new SluiceError('INVALID_OPTION', 'password hid/den is too short', { field: 'password' }))
    expect(typed).toMatchObject({
      code: 'INVALID_OPTION',
      field: 'password',
      message: 'INVALID_OPTION: password *** is too short',
    })
    const opening: AdapterFactory = {
      schemes: ['test'],
      fromUrl: () => Object.assign(memory(), { open: () => Promise.reject(new Error(`login hid/den failed`)) }),
    }
    const error = (await run({}, url, { adapters: [opening] }).catch((caught: unknown) => caught)) as SluiceError
    expect(error.message).toMatch(/login \*\*\* failed/)
    expect(`${error.stack}${String(error.cause)}`).not.toMatch(/hid.den/)
  })
})

it('defineConfig gives back what it gets', () => {
  const config: ConnectOptions = { url: 'memory:' }
  expect(defineConfig(config)).toBe(config)
})
