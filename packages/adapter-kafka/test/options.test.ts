import { isSluiceError } from '@sluice/core'
import { describe, expect, it } from 'vitest'
import { adapterFactory, kafka } from '../src/index.js'
import { resolveOptions, type KafkaOptions } from '../src/options.js'

const targetOf = (options: KafkaOptions) => resolveOptions(options).target
const errorOf = (options: unknown): unknown => {
  try {
    resolveOptions(options as KafkaOptions)
  } catch (error) {
    return error
  }
  return undefined
}

describe('resolveOptions', () => {
  it('fills in every default', () => {
    expect(resolveOptions({})).toEqual({
      target: {
        hosts: [{ host: 'localhost', port: 9092 }],
        tls: undefined,
        sasl: undefined,
        connectTimeoutMs: 10_000,
        requestTimeoutMs: 10_000,
      },
      sessionTimeoutMs: 30_000,
      partitions: 8,
      replicationFactor: undefined,
      minInsyncReplicas: undefined,
    })
  })

  it.each([
    ['kafka://broker', { hosts: [{ host: 'broker', port: 9092 }], tls: undefined }],
    ['KAFKA://broker:1234/', { hosts: [{ host: 'broker', port: 1234 }] }],
    [
      'kafka://[::1]:9093,10.0.0.7',
      {
        hosts: [
          { host: '::1', port: 9093 },
          { host: '10.0.0.7', port: 9092 },
        ],
      },
    ],
    ['kafka://broker?tls=true', { tls: {} }],
    ['kafka://broker?tls=false', { tls: undefined }],
    ['kafka://b?connectTimeoutMs=5&requestTimeoutMs=700', { connectTimeoutMs: 5, requestTimeoutMs: 700 }],
    [
      'kafka://anna:b%3A%2F%40%23@broker',
      { sasl: { mechanism: 'scram-sha-512', username: 'anna', password: 'b:/@#' } },
    ],
    [
      'kafka://anna:b:c@d@broker?mechanism=plain',
      { sasl: { mechanism: 'plain', username: 'anna', password: 'b:c@d' } },
    ],
  ])('reads %s', (url, target) => {
    expect(targetOf({ url })).toMatchObject(target)
  })

  it('reads the other numbers of a URL, and takes what an option says before them', () => {
    const url = 'kafka://b?partitions=2&replicationFactor=1&sessionTimeoutMs=6000'
    const rest = { partitions: 2, replicationFactor: 1, sessionTimeoutMs: 6_000 }
    expect(resolveOptions({ url })).toMatchObject(rest)
    const over = { partitions: 3, replicationFactor: 5, minInsyncReplicas: 4, sessionTimeoutMs: 7_000 }
    expect(resolveOptions({ url, ...over })).toMatchObject(over)
  })

  it('takes several URLs of one cluster, and what options say before all of them', () => {
    const url = ['kafka://anna:one@a?tls=true', 'kafka://anna:one@b:7?tls=true', 'kafka://c']
    expect(targetOf({ url }).hosts.map(({ host, port }) => `${host} ${port}`)).toEqual(['a 9092', 'b 7', 'c 9092'])
    const over = { username: 'bert', password: 'two', mechanism: 'plain', tls: { servername: 'n' } } as const
    expect(targetOf({ url, ...over })).toMatchObject({
      tls: { servername: 'n' },
      sasl: { username: 'bert', password: 'two', mechanism: 'plain' },
    })
  })

  it.each([
    [{ partition: 3 }, 'UNKNOWN_OPTION', 'options.partition'],
    [{ url: [] }, 'INVALID_OPTION', 'url'],
    [{ url: [7] }, 'INVALID_OPTION', 'url'],
    [{ url: 'amqp://broker' }, 'INVALID_CONFIGURATION', 'url'],
    [{ url: 'kafka://' }, 'INVALID_CONFIGURATION', 'url'],
    [{ url: 'kafka://a:0' }, 'INVALID_CONFIGURATION', 'url'],
    [{ url: 'kafka://a:65536' }, 'INVALID_CONFIGURATION', 'url'],
    [{ url: 'kafka://a/topic' }, 'INVALID_CONFIGURATION', 'url'],
    [{ url: 'kafka://a?retries=3' }, 'INVALID_CONFIGURATION', 'url'],
    [{ url: 'kafka://a?tls=yes' }, 'INVALID_CONFIGURATION', 'tls'],
    [{ url: 'kafka://a?partitions=x' }, 'INVALID_CONFIGURATION', 'partitions'],
    [{ url: 'kafka://a?partitions=1&partitions=2' }, 'INVALID_CONFIGURATION', 'partitions'],
    [{ url: ['kafka://a', 'kafka://b?partitions=2'] }, 'INVALID_CONFIGURATION', 'url'],
    [{ username: '' }, 'INVALID_OPTION', 'username'],
    [{ username: 'anna' }, 'INVALID_OPTION', 'password'],
    [{ password: 'secret' }, 'INVALID_OPTION', 'username'],
    [{ mechanism: 'plain' }, 'INVALID_OPTION', 'username'],
    [{ username: 'a', password: 'secret', mechanism: 'gssapi' }, 'INVALID_OPTION', 'mechanism'],
    [{ url: 'kafka://a:secret@b?mechanism=x' }, 'INVALID_OPTION', 'mechanism'],
    [{ username: 'a', password: 'sec\0ret' }, 'INVALID_OPTION', 'password'],
    [{ tls: { host: 'b' } }, 'INVALID_OPTION', 'tls.host'],
    [{ tls: { minVersion: 'TLSv9' } }, 'INVALID_OPTION', 'tls'],
    [{ partitions: 0 }, 'INVALID_OPTION', 'partitions'],
    [{ replicationFactor: 1.5 }, 'INVALID_OPTION', 'replicationFactor'],
    [{ replicationFactor: 2, minInsyncReplicas: 3 }, 'INVALID_OPTION', 'minInsyncReplicas'],
    [{ sessionTimeoutMs: 10 }, 'INVALID_OPTION', 'sessionTimeoutMs'],
    [{ requestTimeoutMs: 10 }, 'INVALID_OPTION', 'requestTimeoutMs'],
    [{ connectTimeoutMs: 0 }, 'INVALID_OPTION', 'connectTimeoutMs'],
  ])('refuses %j and names the field', (options, code, field) => {
    expect(errorOf(options)).toMatchObject({ code, field })
  })

  it.each([
    'kafka://anna:hush/hush@broker',
    'kafka://anna:hu%sh@broker',
    'kafka://anna:hush?x@broker',
    'kafka://hush:x',
  ])('shows nothing of a password in the error of %s', (url) => {
    const error = errorOf({ url })
    expect(isSluiceError(error)).toBe(true)
    expect(String(error)).not.toContain('hu')
  })
})

describe('the factory', () => {
  it('is for kafka URLs; what the application gives wins', () => {
    expect(adapterFactory.schemes).toEqual(['kafka'])
    expect(adapterFactory.fromUrl('kafka://broker', { partitions: 2 })).toMatchObject({ spi: 1, name: 'kafka' })
    expect(() => adapterFactory.fromUrl('kafka://broker', { partitions: 0 })).toThrow('partitions')
    expect(() => adapterFactory.fromUrl('kafka://broker', { nothing: 0 })).toThrow('options.nothing')
  })

  it('connects to nothing, and refuses everything before it is open', async () => {
    const adapter = kafka()
    await expect(adapter.route('orders', AbortSignal.timeout(1_000))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await adapter.close(AbortSignal.timeout(1_000))
    await expect(adapter.route('orders', AbortSignal.timeout(1_000))).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('says of each capability how it is done', () => {
    const { notes, ...declared } = kafka().capabilities
    expect(Object.keys(notes).sort()).toEqual(Object.keys(declared).sort())
  })
})
