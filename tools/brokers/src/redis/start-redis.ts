import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BrokerError } from '../broker-error.js'
import { locate } from '../locate/locate.js'
import { makeFolder } from '../process/folder.js'
import { freePort } from '../process/free-port.js'
import { Guard } from '../process/guard.js'
import { addressedRedis } from './addressed-redis.js'
import { PrivateRedis } from './private-redis.js'
import type { Redis, RedisOptions } from './redis.js'

/**
 * Starts Redis from the installed program, on a free loopback port, in a temporary folder; in about 0.1 s. It does not keep this
 * process alive and does not outlive it.
 *
 * @throws BrokerError `BAD_OPTION`, `MISSING` when it is not installed, `NOT_STARTED` with its log
 */
export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const { appendonly = false, appendfsync = 'always', conf = '', orAddress = false } = options
  if (!['always', 'everysec', 'no'].includes(appendfsync)) {
    throw new BrokerError(
      'BAD_OPTION',
      `startRedis: appendfsync is ${appendfsync}, it has to be always, everysec or no`,
    )
  }
  const address = process.env['SLUICE_REDIS_URL']
  if (orAddress && address !== undefined && address !== '') return addressedRedis(address)
  const { server } = await locate('redis')
  const folder = await makeFolder('redis')
  const guard = new Guard(folder)
  try {
    const port = await freePort()
    const lines = [
      'bind 127.0.0.1',
      `port ${port}`,
      `dir ${JSON.stringify(folder)}`,
      'daemonize no',
      'save ""',
      `appendonly ${appendonly ? 'yes' : 'no'}`,
      `appendfsync ${appendfsync}`,
      conf,
    ]
    await writeFile(join(folder, 'redis.conf'), `${lines.join('\n')}\n`)
    const redis = new PrivateRedis({ server, folder, guard, port })
    await redis.start()
    return redis
  } catch (error) {
    await guard.close()
    throw error
  }
}
