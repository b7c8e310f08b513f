import { isSluiceError } from '@sluice/core'
import { describe, expect, it } from 'vitest'
import { resolveOptions, type RabbitMQOptions } from '../src/options.js'

const targetsOf = (options: RabbitMQOptions) => resolveOptions(options).targets
const errorOf = (options: unknown): unknown => {
  try {
    resolveOptions(options as RabbitMQOptions)
  } catch (error) {
    return error
  }
  return undefined
}

describe('resolveOptions', () => {
  it('fills in every default', () => {
    expect(resolveOptions({})).toEqual({
      targets: [
        {
          host: 'localhost',
          port: 5672,
          vhost: '/',
          username: 'guest',
          password: 'guest',
          tls: undefined,
          heartbeatSeconds: 10,
          connectTimeoutMs: 10_000,
        },
      ],
      consumerTimeoutMs: 1_800_000,
      partitions: 8,
      existing: {},
    })
  })

  it.each([
    ['amqp://rabbit', { host: 'rabbit', port: 5672, tls: undefined }],
    ['AMQP://rabbit:1234/', { host: 'rabbit', port: 1234, vhost: '/' }],
    ['amqps://rabbit', { port: 5671, tls: {} }],
    ['amqp://[::1]:5673', { host: '::1', port: 5673 }],
    ['amqp://[fe80::1]', { host: 'fe80::1', port: 5672 }],
    ['amqp://10.0.0.7/orders', { host: '10.0.0.7', vhost: 'orders' }],
    ['amqp://anna:b%3A%2F%40%23@rabbit/a%2Fb', { username: 'anna', password: 'b:/@#', vhost: 'a/b' }],
    ['amqp://anna:b:c@d@rabbit', { username: 'anna', password: 'b:c@d', host: 'rabbit' }],
    ['amqp://%C3%A4:%E2%82%AC@rabbit/%2F', { username: 'ä', password: '€', vhost: '/' }],
    ['amqp://h?heartbeat=5&connectTimeoutMs=2500', { heartbeatSeconds: 5, connectTimeoutMs: 2_500 }],
  ])('reads %s', (url, target) => {
    expect(targetsOf({ url })).toEqual([expect.objectContaining(target)])
  })

  it('reads several hosts of one URL, and of several', () => {
    const hosts = (url: string | string[]): unknown => targetsOf({ url }).map(({ host, port }) => `${host} ${port}`)
    expect(hosts('amqp://a:1,b,[::1]:3/v')).toEqual(['a 1', 'b 5672', '::1 3'])
    expect(hosts(['amqps://u:p@a/v', 'amqps://u:p@b:7/v', 'amqps://c'])).toEqual(['a 5671', 'b 7', 'c 5671'])
  })

  it('takes what an option says before what the URL says', () => {
    const url = 'amqp://anna:one@rabbit/v1?heartbeat=5&connectTimeoutMs=1&partitions=2&consumerTimeoutMs=60000'
    expect(resolveOptions({ url })).toMatchObject({ partitions: 2, consumerTimeoutMs: 60_000 })
    const options = {
      username: 'bert',
      password: 'two',
      vhost: 'v2',
      tls: true,
      heartbeatSeconds: 6,
      connectTimeoutMs: 7,
      partitions: 3,
      consumerTimeoutMs: Infinity,
    }
    expect(resolveOptions({ url, ...options })).toMatchObject({
      targets: [{ username: 'bert', password: 'two', vhost: 'v2', tls: {}, heartbeatSeconds: 6, connectTimeoutMs: 7 }],
      partitions: 3,
      consumerTimeoutMs: Infinity,
    })
  })

  it('turns TLS on by options, at its own port', () => {
    expect(targetsOf({ url: 'amqp://rabbit', tls: { servername: 'broker' } })).toMatchObject([
      { port: 5671, tls: { servername: 'broker' } },
    ])
  })

  it('keeps existing names', () => {
    const existing = {
      orders: { exchange: 'legacy', routingKey: '', groups: { billing: { queue: 'legacy.q', exclusive: true } } },
    }
    expect(resolveOptions({ existing }).existing).toEqual(existing)
  })

  it.each([
    ['rabbit:5672', 'url'],
    ['http://rabbit', 'url'],
    ['amqp:rabbit', 'url'],
    ['amqp://', 'url'],
    ['amqp://a,,b', 'url'],
    ['amqp://a:', 'url'],
    ['amqp://a:0', 'url'],
    ['amqp://a:65536', 'url'],
    ['amqp://::1', 'url'],
    ['amqp://a b', 'url'],
    ['amqp://a#v', 'url'],
    ['amqp://a/v/w', 'vhost'],
    ['amqp://a/%zz', 'vhost'],
    ['amqp://%zz:p@a', 'username'],
    ['amqp://u:%e2@a', 'password'],
    ['amqp://a?heartbeats=5', 'url'],
    ['amqp://a?heartbeat=five', 'heartbeat'],
    ['amqp://a?heartbeat=', 'heartbeat'],
    ['amqp://a?heartbeat=5&heartbeat=6', 'heartbeat'],
    [['amqp://u:p@a', 'amqps://u:p@b'], 'url'],
    [['amqp://u:p@a', 'amqp://u:q@b'], 'url'],
    [['amqp://a/v', 'amqp://b/w'], 'url'],
    [['amqp://a', 'amqp://u:p@b'], 'url'],
  ])('refuses the URL %s and names %s', (url, field) => {
    expect(errorOf({ url })).toMatchObject({ code: 'INVALID_CONFIGURATION', field })
  })

  it.each([
    [{ hosts: [] }, 'UNKNOWN_OPTION', 'options.hosts'],
    [{ url: 5 }, 'INVALID_OPTION', 'url'],
    [{ url: [] }, 'INVALID_OPTION', 'url'],
    [{ url: [5] }, 'INVALID_OPTION', 'url'],
    [{ username: '' }, 'INVALID_OPTION', 'username'],
    [{ username: 5 }, 'INVALID_OPTION', 'username'],
    [{ username: 'anna' }, 'INVALID_OPTION', 'password'],
    [{ url: 'amqp://anna@a' }, 'INVALID_OPTION', 'password'],
    [{ password: '' }, 'INVALID_OPTION', 'password'],
    [{ password: 'a\0b' }, 'INVALID_OPTION', 'password'],
    [{ vhost: '' }, 'INVALID_OPTION', 'vhost'],
    [{ vhost: 'ü'.repeat(128) }, 'INVALID_OPTION', 'vhost'],
    [{ tls: 'yes' }, 'INVALID_OPTION', 'tls'],
    [{ tls: null }, 'INVALID_OPTION', 'tls'],
    [{ tls: false, url: 'amqps://a' }, 'INVALID_OPTION', 'tls'],
    [{ tls: { host: 'b' } }, 'INVALID_OPTION', 'tls.host'],
    [{ tls: { path: '/tmp/s' } }, 'INVALID_OPTION', 'tls.path'],
    [{ tls: { cert: 'no certificate' } }, 'INVALID_OPTION', 'tls'],
    [{ heartbeatSeconds: 0 }, 'INVALID_OPTION', 'heartbeatSeconds'],
    [{ heartbeatSeconds: 2.5 }, 'INVALID_OPTION', 'heartbeatSeconds'],
    [{ heartbeatSeconds: 3_601 }, 'INVALID_OPTION', 'heartbeatSeconds'],
    [{ url: 'amqp://a?heartbeat=0' }, 'INVALID_OPTION', 'heartbeatSeconds'],
    [{ connectTimeoutMs: 0 }, 'INVALID_OPTION', 'connectTimeoutMs'],
    [{ connectTimeoutMs: Infinity }, 'INVALID_OPTION', 'connectTimeoutMs'],
    [{ consumerTimeoutMs: 10 }, 'INVALID_OPTION', 'consumerTimeoutMs'],
    [{ partitions: 0 }, 'INVALID_OPTION', 'partitions'],
    [{ partitions: 1_025 }, 'INVALID_OPTION', 'partitions'],
    [{ existing: [] }, 'INVALID_OPTION', 'existing'],
    [{ existing: { orders: 'legacy' } }, 'INVALID_OPTION', 'existing.orders'],
    [{ existing: { orders: { queue: 'q' } } }, 'UNKNOWN_OPTION', 'existing.orders.queue'],
    [{ existing: { orders: { exchange: '' } } }, 'INVALID_OPTION', 'existing.orders.exchange'],
    [{ existing: { orders: { exchange: 'x'.repeat(256) } } }, 'INVALID_OPTION', 'existing.orders.exchange'],
    [{ existing: { orders: { routingKey: 5 } } }, 'INVALID_OPTION', 'existing.orders.routingKey'],
    [{ existing: { orders: { groups: { mail: {} } } } }, 'INVALID_OPTION', 'existing.orders.groups.mail.queue'],
    [
      { existing: { orders: { groups: { mail: { queue: 'q', exclusive: 1 } } } } },
      'INVALID_OPTION',
      'existing.orders.groups.mail.exclusive',
    ],
    [{ existing: { orders: { groups: { mail: null } } } }, 'INVALID_OPTION', 'existing.orders.groups.mail'],
  ])('refuses %j: %s, naming %s', (options, code, field) => {
    expect(errorOf(options)).toMatchObject({ code, field })
  })

  it('never repeats a credential, whatever is wrong with it', () => {
    const secret = 'geh3im'
    const given: unknown[] = [
      ...[
        `${secret}/x`,
        `x/${secret}`,
        `${secret}#x`,
        `x?${secret}=`,
        `%zz${secret}`,
        `${secret}%`,
        `${secret}@x`,
      ].flatMap((password) => [
        { url: `amqp://anna:${password}@rabbit:x` },
        { url: `amqp://anna:${password}@rabbit/v/w` },
      ]),
      { url: `amqp://anna:${secret}` },
      { url: `anna:${secret}@rabbit` },
      { url: `amqp://anna:${secret}@rabbit?what=ever` },
      { url: [`amqp://anna:${secret}@rabbit`, 'amqp://anna:other@rabbit'] },
      { password: { secret } },
      { password: `${secret}\0` },
      { tls: { key: secret, cert: secret } },
    ]
    for (const options of given) {
      const error = errorOf(options)
      expect(isSluiceError(error), JSON.stringify(options)).toBe(true)
      expect(`${(error as Error).message} ${String((error as Error).cause)}`).not.toContain(secret)
    }
  })
})
