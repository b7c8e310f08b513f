import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startRabbit, startRedis } from '../src/index.js'
import type { Host } from '../src/locate/host.js'
import { locate, whyMissing } from '../src/locate/locate.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-locate-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

async function program(path: string, script = ''): Promise<string> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
  return file
}

const host = (env: Readonly<Record<string, string>> = {}): Host => ({
  env: { PATH: join(folder, 'bin'), ...env },
  root: folder,
})

describe('locate', () => {
  test('RabbitMQ where packages put it, never the wrapper of PATH, with the tools of Erlang', async () => {
    const server = await program('usr/lib/rabbitmq/bin/rabbitmq-server')
    await program('bin/rabbitmq-server')
    const erl = await program('bin/erl')
    const epmd = await program('bin/epmd')
    const erlCall = await program('lib/erl_interface-5.3/bin/erl_call')
    expect(await locate('rabbitmq', host())).toEqual({ server, erl, epmd, erlCall })
  })

  test('a folder that the environment names comes first, and has to be right', async () => {
    const redis = await program('elsewhere/bin/redis-server')
    await program('bin/redis-server')
    expect(await locate('redis', host({ REDIS_HOME: join(folder, 'elsewhere') }))).toEqual({ server: redis })
    const wrong = locate('redis', host({ REDIS_HOME: join(folder, 'nowhere') }))
    await expect(wrong).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('REDIS_HOME') })
  })

  test('without it the error says what to install and which variables help; whyMissing says the same', async () => {
    const missing = locate('rabbitmq', host())
    await expect(missing).rejects.toMatchObject({ code: 'MISSING' })
    await expect(missing).rejects.toThrow(/rabbitmq-server.*RABBITMQ_HOME.*SLUICE_RABBITMQ_URL/)
    expect(await whyMissing('rabbitmq', host())).toContain('rabbitmq-server')
    expect(await whyMissing('redis', host({ CI: 'false' }))).toContain('redis-server')
  })

  test('Kafka by Java and Maven, or by Java and the folder of a distribution', async () => {
    expect(await whyMissing('kafka', host())).toContain('maven')
    const noJava = locate('kafka', host({ KAFKA_HOME: folder }))
    await expect(noJava).rejects.toThrow(/KAFKA_HOME is .*java in JAVA_HOME or PATH/)
    const java = await program('bin/java')
    expect(await whyMissing('kafka', host())).toContain('maven')
    const maven = await program('bin/mvn')
    expect(await locate('kafka', host())).toEqual({ java, maven, libraries: undefined })
    const home = join(folder, 'kafka')
    await expect(locate('kafka', host({ KAFKA_HOME: home }))).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await mkdir(join(home, 'libs'), { recursive: true })
    const libraries = join(home, 'libs')
    expect(await locate('kafka', host({ KAFKA_HOME: home }))).toEqual({ java, maven: undefined, libraries })
    const own = await program('java-home/bin/java')
    expect(await locate('kafka', host({ JAVA_HOME: join(folder, 'java-home') }))).toMatchObject({ java: own })
  })

  test('with CI set nothing is skipped', async () => {
    await expect(whyMissing('redis', host({ CI: 'true' }))).rejects.toMatchObject({ code: 'MISSING' })
  })

  test('with CI set it is installed with apt, updated first, without recommended packages', async () => {
    const log = join(folder, 'apt.log')
    for (const name of ['erl', 'epmd', 'erl_call']) await program(`bin/${name}`)
    const target = await program('usr/lib/rabbitmq/bin/rabbitmq-server')
    await chmod(target, 0o644)
    await program('bin/apt-get', `echo "$@" >> ${log}; [ "$1" = install ] && chmod 755 ${target}; exit 0`)
    await program('bin/sudo', 'shift 2; exec "$@"')
    const found = await locate('rabbitmq', host({ CI: 'true', PATH: `${join(folder, 'bin')}:/usr/bin:/bin` }))
    expect(found.server).toBe(target)
    const [update, install] = (await readFile(log, 'utf8')).split('\n')
    expect(update).toMatch(/^update/)
    expect(install).toMatch(/^install .*-y.* --no-install-recommends rabbitmq-server$/)
  })

  test('what apt wrote is in the error when it fails', async () => {
    await program('bin/apt-get', 'echo "E: no network"; exit 100')
    await program('bin/sudo', 'shift 2; exec "$@"')
    const failed = locate('rabbitmq', host({ CI: '1', PATH: `${join(folder, 'bin')}:/usr/bin:/bin` }))
    await expect(failed).rejects.toMatchObject({
      code: 'MISSING',
      cause: expect.objectContaining({ message: expect.stringContaining('E: no network') }),
    })
  })
})

describe('an address instead of a private broker', () => {
  test('is used where the caller allows it, and refuses all control', async () => {
    vi.stubEnv('SLUICE_RABBITMQ_URL', 'amqp://me:secret@broker.example:5699/v')
    vi.stubEnv('SLUICE_REDIS_URL', 'redis://cache.example')
    const rabbit = await startRabbit({ orAddress: true })
    expect(rabbit).toMatchObject({ url: 'amqp://me:secret@broker.example:5699/v', controllable: false })
    expect(rabbit.node).toMatchObject({ host: 'broker.example', port: 5699 })
    for (const control of [
      () => rabbit.node.kill(),
      () => rabbit.queues(),
      () => rabbit.memoryAlarm(true),
      () => rabbit.closeConnection('x'),
      () => rabbit.setUser({ name: 'a', password: 'b' }),
      () => rabbit.leader('q'),
      () => rabbit.heal(),
      async () => rabbit.node.pause(),
    ]) {
      await expect(control()).rejects.toMatchObject({ code: 'NO_CONTROL' })
    }
    await rabbit.close()

    const redis = await startRedis({ orAddress: true })
    expect(redis).toMatchObject({ url: 'redis://cache.example', port: 6379, controllable: false })
    await expect(redis.configSet('a', 'b')).rejects.toMatchObject({ code: 'NO_CONTROL' })
    await redis.close()
  })

  test('that is none is refused', async () => {
    vi.stubEnv('SLUICE_RABBITMQ_URL', 'http://broker.example')
    await expect(startRabbit({ orAddress: true })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })
})

describe('options that cannot be', () => {
  test.each([
    [{ nodes: 2 as 3 }, 'nodes'],
    [{ heartbeatSeconds: -1 }, 'heartbeatSeconds'],
    [{ startTimeoutMs: 0 }, 'startTimeoutMs'],
    [{ settings: { 'a b': 1 } }, 'settings'],
    [{ settings: { channel_max: -1 } }, 'settings'],
    [{ users: [{ name: 'guest', password: 'x' }] }, 'users'],
    [{ users: [{ name: 'a', password: 'x', vhosts: ['nowhere'] }] }, 'vhosts'],
  ])('%o', async (options, named) => {
    const refused = startRabbit(options)
    await expect(refused).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(refused).rejects.toThrow(named)
  })

  test('of Redis', async () => {
    await expect(startRedis({ appendfsync: 'sometimes' as 'no' })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })
})
