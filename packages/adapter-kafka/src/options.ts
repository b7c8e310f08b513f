import { SluiceError } from '@sluice/core'
import { checkKeys, checkMs, checkNumber, checkOneOf, show } from '@sluice/core/spi'
import type { ConnectionOptions } from 'node:tls'
import { resolveTls } from './resolve-tls.js'
import { joinUrls, parseUrl, type KafkaUrl } from './url.js'
import type { Credentials, KafkaTarget } from './wire/port.js'

/** Options of the Kafka adapter. What they say wins over the URL. */
export interface KafkaOptions {
  /**
   * Where the cluster is: `kafka://user:password@host:9092,host:9092`, or several such URLs that differ in their hosts only. Some nodes are
   * enough; they tell of the others. Parameters: `tls` (true or false), and by their names those of the options below that are text or number.
   * @default 'kafka://localhost:9092'
   */
  readonly url?: string | readonly string[] | undefined
  /** @default the one of the URL, else none: no SASL */
  readonly username?: string | undefined
  /** @default the one of the URL */
  readonly password?: string | undefined
  /** How SASL shows who it is. `plain` tells the password itself to the broker. @default 'scram-sha-512' */
  readonly mechanism?: Credentials['mechanism'] | undefined
  /** Options of TLS as Node has them (`ca`, `cert`, `key`, `servername` …); `true` for TLS with the authorities that Node knows. @default false */
  readonly tls?: boolean | ConnectionOptions | undefined
  /** How long one attempt to connect to a node may take, in ms. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined
  /** A request without an answer for so long ends its connection, in ms. @default 10_000 */
  readonly requestTimeoutMs?: number | undefined
  /** A process without a sign of life for so long loses its partitions to others, in ms. Brokers take 6,000 to 1,800,000 as a rule. @default 30_000 */
  readonly sessionTimeoutMs?: number | undefined
  /** Partitions of a topic that is created and whose definition names none. @default 8 */
  readonly partitions?: number | undefined
  /** How many nodes hold each partition of what is created. @default 3, or as many as there are: that is logged, because what they store dies with their disks */
  readonly replicationFactor?: number | undefined
  /** How many of them must have a message before it counts as stored, in what is created. @default 2, or 1 where only one has it */
  readonly minInsyncReplicas?: number | undefined
}

/** The same, checked, with every default filled in. */
export interface ResolvedOptions {
  /** Its name is still to be set. */
  readonly target: Omit<KafkaTarget, 'clientId'>
  readonly sessionTimeoutMs: number
  readonly partitions: number
  /** `undefined`: what the cluster can hold. */
  readonly replicationFactor: number | undefined
  readonly minInsyncReplicas: number | undefined
}

const optionNames: readonly (keyof KafkaOptions)[] = [
  'url',
  'username',
  'password',
  'mechanism',
  'tls',
  'connectTimeoutMs',
  'requestTimeoutMs',
  'sessionTimeoutMs',
  'partitions',
  'replicationFactor',
  'minInsyncReplicas',
]

const mechanisms: readonly Credentials['mechanism'][] = ['plain', 'scram-sha-256', 'scram-sha-512']
const DEFAULT_PORT = 9092

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_CONFIGURATION naming the field and never a credential */
export function resolveOptions(options: KafkaOptions): ResolvedOptions {
  checkKeys('options', options, optionNames)
  for (const field of ['username', 'password'] as const) checkText(field, options[field])
  const url = readUrls(options.url ?? 'kafka://localhost:9092')
  const { connectTimeoutMs, requestTimeoutMs, ...rest } = resolveNumbers(options, url)
  return {
    target: {
      hosts: url.addresses.map(({ host, port }) => ({ host, port: port ?? DEFAULT_PORT })),
      tls: resolveTls(options.tls ?? url.tls),
      sasl: resolveUser(options, url),
      connectTimeoutMs,
      requestTimeoutMs,
    },
    ...rest,
  }
}

function resolveNumbers(options: KafkaOptions, url: KafkaUrl) {
  const connectTimeoutMs = options.connectTimeoutMs ?? url.connectTimeoutMs ?? 10_000
  const requestTimeoutMs = options.requestTimeoutMs ?? url.requestTimeoutMs ?? 10_000
  const sessionTimeoutMs = options.sessionTimeoutMs ?? url.sessionTimeoutMs ?? 30_000
  const partitions = options.partitions ?? url.partitions ?? 8
  const replicationFactor = options.replicationFactor ?? url.replicationFactor
  const minInsyncReplicas = options.minInsyncReplicas ?? url.minInsyncReplicas
  checkMs('connectTimeoutMs', connectTimeoutMs, 1)
  checkMs('requestTimeoutMs', requestTimeoutMs, 100)
  checkNumber('sessionTimeoutMs', sessionTimeoutMs, { min: 1_000, max: 2 ** 31 - 1, integer: true })
  checkNumber('partitions', partitions, { min: 1, max: 1_024, integer: true })
  checkNumber('replicationFactor', replicationFactor, { min: 1, max: 1_000, integer: true })
  checkNumber('minInsyncReplicas', minInsyncReplicas, { min: 1, max: replicationFactor ?? 3, integer: true })
  return { connectTimeoutMs, requestTimeoutMs, sessionTimeoutMs, partitions, replicationFactor, minInsyncReplicas }
}

function resolveUser(options: KafkaOptions, url: KafkaUrl): Credentials | undefined {
  const username = options.username ?? url.username
  const password = options.password ?? url.password
  const given = options.mechanism ?? url.mechanism
  checkOneOf('mechanism', given, mechanisms)
  const mechanism = mechanisms.find((one) => one === (given ?? 'scram-sha-512'))
  if (username === undefined) {
    if (password !== undefined) throw invalid('username', 'is missing, and there is a password')
    if (given !== undefined) throw invalid('username', 'is missing, and there is a mechanism')
    return undefined
  }
  if (password === undefined) throw invalid('password', `is missing for the user ${show(username)}`)
  // A broker gets both in one piece with a zero between them.
  if (`${username}${password}`.includes('\0')) throw invalid('password', 'and username cannot hold a character zero')
  return { mechanism: mechanism ?? 'scram-sha-512', username, password }
}

/** Not shown: it may be the password. */
function checkText(field: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '' && value.isWellFormed())) return
  const kind = typeof value === 'string' ? 'well-formed text and not empty' : `a text, got a ${typeof value}`
  throw invalid(field, `must be ${kind}`)
}

function readUrls(given: string | readonly string[]): KafkaUrl {
  const urls: readonly unknown[] = typeof given === 'string' ? [given] : given
  if (!Array.isArray(urls) || urls.length === 0)
    throw invalid('url', `must be a text or a list of texts, got ${show(given)}`)
  return joinUrls(
    urls.map((url) => {
      if (typeof url !== 'string') throw invalid('url', `must be a text or a list of texts, got ${show(url)} in it`)
      return parseUrl(url)
    }),
  )
}

function invalid(field: string, text: string): SluiceError {
  return new SluiceError('INVALID_OPTION', `${field} ${text}`, { field })
}
