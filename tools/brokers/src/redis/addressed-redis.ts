import { BrokerError } from '../broker-error.js'
import type { Redis } from './redis.js'

/**
 * A Redis of which only the address is known.
 *
 * @throws BrokerError `BAD_OPTION` when the address cannot be one
 */
export function addressedRedis(address: string): Redis {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || (url.protocol !== 'redis:' && url.protocol !== 'rediss:')) {
    throw new BrokerError('BAD_OPTION', 'SLUICE_REDIS_URL has to be an address like redis://localhost:6379')
  }
  const refuse = (): never => {
    throw new BrokerError(
      'NO_CONTROL',
      'This Redis comes from SLUICE_REDIS_URL: it can be used, but not started, ended or broken. ' +
        'Unset the variable to get a private one.',
    )
  }
  const refuseLater = (): Promise<never> => Promise.resolve().then(refuse)
  return {
    url: url.href,
    host: url.hostname,
    port: url.port === '' ? 6379 : Number(url.port),
    pid: undefined,
    state: 'running',
    folder: undefined,
    controllable: false,
    start: refuseLater,
    stop: refuseLater,
    kill: refuseLater,
    pause: refuse,
    resume: refuse,
    configSet: refuseLater,
    command: refuseLater,
    close: () => Promise.resolve(),
  }
}
