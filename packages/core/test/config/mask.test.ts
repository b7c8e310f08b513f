import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hideSecrets, maskText, maskUrl, printableConfig, secretsOf } from '../../src/config/mask.js'
import { withoutSecrets } from '../../src/config/without-secrets.js'
import { SluiceError } from '../../src/errors/sluice-error.js'

describe('maskUrl', () => {
  it.each([
    ['memory:', 'memory:'],
    ['memory:orders?like=log&partitions=4', 'memory:orders?like=log&partitions=4'],
    ['amqp://localhost', 'amqp://localhost'],
    ['amqp://host:5672/vhost?heartbeat=10', 'amqp://host:5672/vhost?heartbeat=10'],
    ['amqp://guest@host', 'amqp://guest@host'],
    ['amqps://user:secret@host:5671/v', 'amqps://user:***@host:5671/v'],
    ['kafka://user:secret@a:9092,b:9092/x', 'kafka://user:***@a:9092,b:9092/x'],
    ['amqp://:secret@host', 'amqp://:***@host'],
    ['amqp://user:p@ss:word@host', 'amqp://user:***@host'],
    ['amqp://user:pa/ss@host/v', 'amqp://user:***@host/v'],
    ['amqp://user:pa?ss@host', 'amqp://user:***@host'],
    ['amqp://user:pa#ss@host', 'amqp://user:***@host'],
    ['amqp://user:123/4@host', 'amqp://user:***@host'],
    ['amqp://[::1]:5672/v?contact=a@b', 'amqp://[::1]:5672/v?contact=a@b'],
    ['amqp://host?contact=a@b', 'amqp://host?contact=a@b'],
    ['kafka://h?sasl.password=x&client=y', 'kafka://h?sasl.password=***&client=y'],
    ['kafka://h?ssl_key_passphrase=x;token=y#z', 'kafka://h?ssl_key_passphrase=***;token=***#z'],
    ['user:secret@host', 'user:***@host'],
    ['', ''],
  ])('shows %s as %s', (url, shown) => {
    expect(maskUrl(url)).toBe(shown)
  })

  it('shows no part of any password, escaped or not', () => {
    const password = fc.string({ minLength: 3, maxLength: 20 }).map((text) => `§${text}§`)
    fc.assert(
      fc.property(password, fc.constantFrom('host', 'a:1,b:2', '[::1]:5672'), (secret, host) => {
        expect(maskUrl(`amqp://user:${encodeURIComponent(secret)}@${host}/v`)).toBe(`amqp://user:***@${host}/v`)
        if (secret.includes('=')) return
        const shown = maskUrl(`amqp://user:${secret}@${host}/v`)
        expect(shown).toBe(`amqp://user:***@${host}/v`)
      }),
    )
  })
})

describe('maskText', () => {
  it('hides the passwords of all URLs', () => {
    expect(maskText('from amqp://a:b@c to "kafka://d:e@f:1,g:2", in http://x/y')).toBe(
      'from amqp://a:***@c to "kafka://d:***@f:1,g:2", in http://x/y',
    )
  })
})

describe('printableConfig', () => {
  it('hides secrets at any depth and names what has no text', () => {
    class Pool {
      readonly password = 'x1'
    }
    const shared = { a: 1 }
    const config: Record<string, unknown> = {
      url: new URL('amqp://u:x2@h/v'),
      adapterOptions: {
        hosts: ['amqp://u:x3@h'],
        sasl: { mechanism: 'plain', username: 'u', password: 'x4' },
        ssl: { key: 'x5', ca: '-----BEGIN CERTIFICATE-----', pem: '-----BEGIN PRIVATE KEY-----x6', passphrase: 'x7' },
        accessKey: 'x8',
        apiToken: ['x9'],
        credentials: { user: 'u', value: 'x10' },
        bytes: new Uint8Array(3),
      },
      password: undefined,
      keyed: true,
      pool: new Pool(),
      first: shared,
      second: shared,
      log: function write() {},
    }
    config['self'] = config
    const shown = printableConfig(config)
    expect(JSON.stringify(shown)).not.toMatch(/x\d/)
    expect(shown).toEqual({
      url: 'amqp://u:***@h/v',
      adapterOptions: {
        hosts: ['amqp://u:***@h'],
        sasl: { mechanism: 'plain', username: 'u', password: '***' },
        ssl: { key: '***', ca: '-----BEGIN CERTIFICATE-----', pem: '***', passphrase: '***' },
        accessKey: '***',
        apiToken: '***',
        credentials: '***',
        bytes: '[3 bytes]',
      },
      password: undefined,
      keyed: true,
      pool: '[Pool]',
      first: { a: 1 },
      second: { a: 1 },
      log: '[function write]',
      self: '[circular]',
    })
  })
})

describe('errors', () => {
  const url = 'amqp://u:pa%2Fss@host?token=t0ken'
  const secrets = secretsOf(url, { sasl: { password: 'hush!' }, other: 'amqp://x:deep@h' })

  it('know secrets in every form', () => {
    expect(hideSecrets(`${url} pa/ss pa%2Fss t0ken hush! deep u host`, secrets)).toBe(
      'amqp://u:***@host?token=*** *** *** *** *** *** u host',
    )
  })

  it('stay as they are when they tell nothing', () => {
    const error = new SluiceError('DENIED', 'no access for u', { cause: new Error('403') })
    expect(withoutSecrets(error, secrets, 'INTERNAL')).toBe(error)
  })

  it('lose what tells a secret: text, stack and causes', () => {
    const inner = Object.assign(new Error('handshake'), { connectionString: url })
    const error = new SluiceError('DENIED', 'login with pa/ss failed', {
      field: 'url',
      cause: new Error('x', { cause: inner }),
    })
    const clean = withoutSecrets(error, secrets, 'INTERNAL')
    expect(clean).toMatchObject({
      code: 'DENIED',
      message: 'DENIED: login with *** failed',
      field: 'url',
    })
    expect(clean.cause).toBeUndefined()
    expect(String(clean.stack)).not.toContain('pa/ss')
    const deep = withoutSecrets(new SluiceError('DENIED', 'no', { cause: inner }), secrets, 'INTERNAL')
    expect([deep.message, deep.cause]).toEqual(['DENIED: no', undefined])
  })

  it('get the given code when they had none', () => {
    const cause = new TypeError('bad port')
    expect(withoutSecrets(cause, secrets, 'INVALID_CONFIGURATION')).toMatchObject({
      message: 'INVALID_CONFIGURATION: bad port',
      cause,
    })
    expect(withoutSecrets('hush!', secrets, 'INTERNAL')).toMatchObject({ message: 'INTERNAL: ***' })
    expect(withoutSecrets('hush!', secrets, 'INTERNAL').cause).toBeUndefined()
  })
})
