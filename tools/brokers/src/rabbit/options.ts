import { BrokerError } from '../broker-error.js'

export interface RabbitUser {
  readonly name: string
  readonly password: string
  /** Where it may do everything. @default ['/'] */
  readonly vhosts?: readonly string[]
}

export interface RabbitOptions {
  /** Nodes of one cluster; three pause themselves when they are in the minority. @default 1 */
  readonly nodes?: 1 | 3
  /** A listener with TLS beside the plain one, with a certificate for 127.0.0.1 and localhost. @default false */
  readonly tls?: boolean
  /** Beside the user guest, who may do everything everywhere. @default none */
  readonly users?: readonly RabbitUser[]
  /** Beside `/`. @default none */
  readonly vhosts?: readonly string[]
  /** The heartbeat that the broker proposes, in seconds; 0 for none. @default 60, the broker's own */
  readonly heartbeatSeconds?: number
  /** More lines for rabbitmq.conf of every node. @default none */
  readonly conf?: string
  /** Settings of the application `rabbit` that rabbitmq.conf has no names for, of every node. @default none */
  readonly settings?: Readonly<Record<string, number>>
  /** Longest wait until a node has started, in ms. @default 90000 */
  readonly startTimeoutMs?: number
  /**
   * Take the broker of SLUICE_RABBITMQ_URL instead, when that is set. It cannot be controlled or looked at, so whoever needs
   * only an address may say true. @default false
   */
  readonly orAddress?: boolean
}

export const defaultStartTimeoutMs = 90_000

/** @throws BrokerError `BAD_OPTION` */
export function checkRabbitOptions(options: RabbitOptions): void {
  const { nodes = 1, heartbeatSeconds, startTimeoutMs = defaultStartTimeoutMs } = options
  const { users = [], vhosts = [], settings = {} } = options
  if (nodes !== 1 && nodes !== 3) refuse('nodes', nodes, '1 or 3')
  if (heartbeatSeconds !== undefined && !isWhole(heartbeatSeconds, 0, 3600)) {
    refuse('heartbeatSeconds', heartbeatSeconds, 'a whole number from 0 to 3600')
  }
  if (!isWhole(startTimeoutMs, 1, 3_600_000)) refuse('startTimeoutMs', startTimeoutMs, 'a whole number of ms from 1')
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[a-z_]+$/.test(name)) refuse('settings', name, 'a name of letters a to z and _')
    if (!isWhole(value, 0, Number.MAX_SAFE_INTEGER)) refuse('settings', value, 'a whole number')
  }
  const known = new Set(['/', ...vhosts])
  for (const { name, vhosts: own = ['/'] } of users) {
    if (name === '' || name === 'guest') refuse('users', name, 'a name that is not empty and not guest')
    const missing = own.find((vhost) => !known.has(vhost))
    if (missing !== undefined) refuse('users', missing, 'one of "vhosts" or /')
  }
}

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new BrokerError('BAD_OPTION', `startRabbit: ${option} is ${JSON.stringify(value)}, it has to be ${wanted}`)
}
