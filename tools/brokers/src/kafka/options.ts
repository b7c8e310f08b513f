import { BrokerError } from '../broker-error.js'

export interface KafkaUser {
  readonly name: string
  readonly password: string
}

/** A listener for clients, before anything listens on it. */
export interface KafkaListener {
  readonly host: string
  readonly port: number
  /** The number of its node, from 1. */
  readonly node: number
}

export interface KafkaOptions {
  /** Nodes of one cluster, each of them broker and controller. @default 1 */
  readonly nodes?: 1 | 3
  /** Of Kafka, as Maven Central has it: 3.9 and later. @default '4.4.0', or the one that KAFKA_HOME has */
  readonly version?: string
  /** A listener with TLS beside the plain one, with a certificate for 127.0.0.1 and localhost. @default false */
  readonly tls?: boolean
  /** A listener with SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512) beside the plain one, for these users. @default none */
  readonly users?: readonly KafkaUser[]
  /** More lines for server.properties of every node; the last one of a name counts. @default none */
  readonly properties?: Readonly<Record<string, string | number | boolean>>
  /**
   * The port on 127.0.0.1 that a node tells its clients to use instead of its own: that of a proxy, say. Nodes among themselves, TLS and
   * SASL do not go there. @default its own
   */
  readonly advertise?: (listener: KafkaListener) => number | Promise<number>
  /** Flags of the Java machine. @default those that start soonest and take the least memory, not the fastest for long */
  readonly javaFlags?: readonly string[]
  /** Longest wait until a node has started, in ms. @default 90000 */
  readonly startTimeoutMs?: number
  /**
   * Take the broker of SLUICE_KAFKA_URL instead, when that is set. It cannot be controlled, so whoever needs only an address may say
   * true. @default false
   */
  readonly orAddress?: boolean
}

export const defaultKafkaVersion = '4.4.0'
export const defaultStartTimeoutMs = 90_000

/** @throws BrokerError `BAD_OPTION` */
export function checkKafkaOptions(options: KafkaOptions): void {
  const { nodes = 1, version, users = [], properties = {}, startTimeoutMs = defaultStartTimeoutMs } = options
  if (nodes !== 1 && nodes !== 3) refuse('nodes', nodes, '1 or 3')
  if (version !== undefined) checkKafkaVersion('startKafka: version', version)
  if (!Number.isInteger(startTimeoutMs) || startTimeoutMs < 1 || startTimeoutMs > 3_600_000) {
    refuse('startTimeoutMs', startTimeoutMs, 'a whole number of ms from 1')
  }
  for (const { name, password } of users) {
    if (!/^[A-Za-z0-9_.-]+$/.test(name)) refuse('users', name, 'names of letters, digits, _ . and -')
    if (!/^[A-Za-z0-9_.-]+$/.test(password)) refuse('users', password, 'passwords of letters, digits, _ . and -')
  }
  for (const [name, value] of Object.entries(properties)) {
    if (!/^[a-z0-9._-]+$/.test(name)) refuse('properties', name, 'names as in server.properties')
    if (String(value).includes('\n')) refuse('properties', value, 'values of one line')
  }
}

/** @throws BrokerError `BAD_OPTION`: what is older has no KRaft that can be relied on */
export function checkKafkaVersion(option: string, version: string): void {
  const [major = 0, minor = 0] = /^(\d+)[.](\d+)[.]\d+$/.exec(version)?.slice(1).map(Number) ?? []
  if (major > 3 || (major === 3 && minor >= 9)) return
  throw new BrokerError('BAD_OPTION', `${option} is ${JSON.stringify(version)}, it has to be like 3.9.1 and not older`)
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new BrokerError('BAD_OPTION', `startKafka: ${option} is ${JSON.stringify(value)}, it has to be ${wanted}`)
}
