import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BrokerError } from '../broker-error.js'
import { run } from '../process/run.js'
import { findProgram, type Host } from './host.js'

/** Long enough for a slow mirror, and for other processes that install at the same time and are waited for. */
const installLimitMs = 10 * 60 * 1000

/** Whether this machine may be changed: continuous integration, with apt. */
export function mayInstall(host: Host): boolean {
  return isContinuousIntegration(host) && findProgram('apt-get', host) !== undefined
}

/** Whether nothing may be skipped that the machine could provide. */
export function isContinuousIntegration({ env }: Host): boolean {
  const value = env['CI'] ?? ''
  return value !== '' && value !== 'false' && value !== '0'
}

/**
 * Installs Debian packages. One process at a time: apt does not wait for its own lock.
 *
 * @throws BrokerError `MISSING` with what apt wrote
 */
export async function install(names: string, host: Host): Promise<void> {
  const elevate = process.getuid?.() === 0 ? '' : 'sudo -n -E '
  const commands = [
    `${elevate}apt-get update -q`,
    `${elevate}env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends ${names}`,
  ]
  const lock = join(tmpdir(), 'sluice-apt.lock')
  try {
    await run('flock', [lock, 'sh', '-c', commands.join(' && ')], { env: host.env, timeoutMs: installLimitMs })
  } catch (error) {
    throw new BrokerError('MISSING', `${names} could not be installed with apt-get`, { cause: error })
  }
}
