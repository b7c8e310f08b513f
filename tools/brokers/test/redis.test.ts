import { existsSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { startRedis, type Redis, type RedisOptions } from '../src/index.js'
import { describeWith } from './needs.js'

const describeRedis = await describeWith('redis')

describeRedis('a private Redis', () => {
  const started: Redis[] = []
  const start = async (options?: RedisOptions): Promise<Redis> => {
    const redis = await startRedis(options)
    started.push(redis)
    return redis
  }
  afterEach(async () => {
    await Promise.all(started.splice(0).map((redis) => redis.close()))
  })

  test('answers commands of every kind of reply', async () => {
    const redis = await start()
    expect(await redis.command('SET', 'key', 'välue\r\n')).toBe('OK')
    expect(await redis.command('GET', 'key')).toBe('välue\r\n')
    expect(await redis.command('GET', 'nothing')).toBeNull()
    expect(await redis.command('INCRBY', 'number', '7')).toBe(7)
    await redis.command('RPUSH', 'list', 'a', 'b')
    expect(await redis.command('LRANGE', 'list', '0', '-1')).toEqual(['a', 'b'])
    expect(await redis.command('EVAL', "return {1, {'x', false}}", '0')).toEqual([1, ['x', null]])
    expect(await redis.command('EVAL', "return string.rep('x', 1000000)", '0')).toHaveLength(1_000_000)
    await expect(redis.command('NOPE')).rejects.toThrow(/NOPE.*unknown command/)
  })

  test('with appendonly it keeps what it confirmed over kill -9, on the same port', async () => {
    const redis = await start({ appendonly: true })
    const { port, pid } = redis
    await redis.command('SET', 'key', 'kept')
    await redis.kill()
    expect(redis).toMatchObject({ state: 'stopped', pid: undefined })
    await expect(redis.command('PING')).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await redis.start()
    expect(redis.port).toBe(port)
    expect(redis.pid).not.toBe(pid)
    expect(await redis.command('GET', 'key')).toBe('kept')
  })

  test('without it a stop forgets', async () => {
    const redis = await start()
    await redis.command('SET', 'key', 'gone')
    await redis.stop()
    await redis.start()
    expect(await redis.command('GET', 'key')).toBeNull()
  })

  test('pause and resume, configSet, conf', async () => {
    const redis = await start({ conf: 'maxclients 77' })
    expect(await redis.command('CONFIG', 'GET', 'maxclients')).toEqual(['maxclients', '77'])
    redis.pause()
    expect(redis.state).toBe('paused')
    await expect(redis.command('PING')).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    redis.resume()
    await redis.configSet('maxmemory', '1mb')
    expect(await redis.command('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '1048576'])
    await expect(redis.configSet('no-such', '1')).rejects.toMatchObject({ code: 'FAILED' })
  })

  test('close removes the folder, also of one that is paused', async () => {
    const redis = await start()
    expect(existsSync(redis.folder ?? '')).toBe(true)
    redis.pause()
    await redis.close()
    expect(existsSync(redis.folder ?? '')).toBe(false)
    expect(redis.state).toBe('stopped')
  })

  test('what it wrote before it failed is in the error', async () => {
    await expect(startRedis({ conf: 'no-such-setting 1' })).rejects.toThrow(/no-such-setting/)
  })
})
