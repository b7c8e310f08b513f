import { SluiceError } from '@sluice/core'
import { checkKeys, checkMs, checkNumber, show } from '@sluice/core/spi'
import type { ConnectionOptions } from 'node:tls'
import { checkExisting } from './check-existing.js'
import { resolveTls } from './resolve-tls.js'
import type { ExistingNames } from './names.js'
import { joinUrls, parseUrl, type RabbitMQUrl } from './url.js'
import type { WireTarget } from './wire/port.js'

/** Options of the RabbitMQ adapter. What they say wins over the URL. */
export interface RabbitMQOptions {
  /**
   * Where the broker is: `amqp://user:password@host:5672/vhost`, or `amqps:` for TLS. Several nodes of one cluster are several hosts with `,`
   * between them, or several URLs that differ in their hosts only. Parameters: `heartbeat`, `connectTimeoutMs`, `consumerTimeoutMs`, `partitions`.
   * @default 'amqp://localhost'
   */
  readonly url?: string | readonly string[] | undefined
  /** @default the one of the URL, else 'guest' */
  readonly username?: string | undefined
  /** @default the one of the URL, else 'guest' for the user 'guest' */
  readonly password?: string | undefined
  /** @default the one of the URL, else '/' */
  readonly vhost?: string | undefined
  /** Options of TLS as Node has them (`ca`, `cert`, `key`, `servername` …); `true` for TLS with the authorities that Node knows. @default TLS when the URL begins with amqps */
  readonly tls?: boolean | ConnectionOptions | undefined
  /**
   * How often both sides show that they are alive, in seconds. A broker that falls silent is noticed after about 1.75 of it; one that
   * misses this client gives its messages to others after 2 to 3. @default 10
   */
  readonly heartbeatSeconds?: number | undefined
  /** How long one attempt to connect may take, in ms. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined
  /** The `consumer_timeout` that the broker is set to, in ms: how long it lets a delivery be unsettled. `Infinity` when it is switched off. @default 1_800_000 */
  readonly consumerTimeoutMs?: number | undefined
  /** Partitions of a keyed topic that is created and whose definition names none. @default 8 */
  readonly partitions?: number | undefined
  /** Exchanges and queues that exist, in place of those that Sluice would make. @default none */
  readonly existing?: ExistingNames | undefined
}

/** The same, checked, with every default filled in. */
export interface ResolvedOptions {
  /** One for each address; the name is still to be set. */
  readonly targets: readonly Omit<WireTarget, 'connectionName'>[]
  readonly consumerTimeoutMs: number
  readonly partitions: number
  readonly existing: ExistingNames
}

const optionNames: readonly (keyof RabbitMQOptions)[] = [
  'url',
  'username',
  'password',
  'vhost',
  'tls',
  'heartbeatSeconds',
  'connectTimeoutMs',
  'consumerTimeoutMs',
  'partitions',
  'existing',
]

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_CONFIGURATION naming the field and never a credential */
export function resolveOptions(options: RabbitMQOptions): ResolvedOptions {
  checkKeys('options', options, optionNames)
  for (const field of ['username', 'password', 'vhost'] as const) checkText(field, options[field])
  checkExisting(options.existing)
  const url = readUrls(options.url ?? 'amqp://localhost')
  const tls = resolveTls(options.tls, url.secure)
  const { consumerTimeoutMs, partitions, ...common } = resolveNumbers(options, url)
  const vhost = options.vhost ?? url.vhost ?? '/'
  if (Buffer.byteLength(vhost) > 255) throw invalid('vhost', 'has more than 255 bytes')
  const target = { ...resolveUser(options, url), vhost, tls, ...common }
  const defaultPort = tls === undefined ? 5672 : 5671
  return {
    targets: url.addresses.map(({ host, port }) => ({ ...target, host, port: port ?? defaultPort })),
    consumerTimeoutMs,
    partitions,
    existing: options.existing ?? {},
  }
}

function resolveNumbers(options: RabbitMQOptions, url: RabbitMQUrl) {
  const heartbeatSeconds = options.heartbeatSeconds ?? url.heartbeatSeconds ?? 10
  const connectTimeoutMs = options.connectTimeoutMs ?? url.connectTimeoutMs ?? 10_000
  const consumerTimeoutMs = options.consumerTimeoutMs ?? url.consumerTimeoutMs ?? 1_800_000
  const partitions = options.partitions ?? url.partitions ?? 8
  checkNumber('heartbeatSeconds', heartbeatSeconds, { min: 1, max: 3_600, integer: true })
  checkMs('connectTimeoutMs', connectTimeoutMs, 1)
  if (consumerTimeoutMs !== Infinity) checkMs('consumerTimeoutMs', consumerTimeoutMs, 1_000)
  checkNumber('partitions', partitions, { min: 1, max: 1_024, integer: true })
  return { heartbeatSeconds, connectTimeoutMs, consumerTimeoutMs, partitions }
}

function resolveUser(options: RabbitMQOptions, url: RabbitMQUrl): { username: string; password: string } {
  const username = options.username ?? url.username ?? 'guest'
  const password = options.password ?? url.password ?? (username === 'guest' ? 'guest' : undefined)
  if (password === undefined) throw invalid('password', `is missing for the user ${show(username)}`)
  // The broker gets both in one piece with a zero between them.
  if (`${username}${password}`.includes('\0')) throw invalid('password', 'and username cannot hold a character zero')
  return { username, password }
}

/** Not shown: it may be the password. */
function checkText(field: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '' && value.isWellFormed())) return
  throw invalid(
    field,
    typeof value === 'string' ? 'must be well-formed text and not empty' : `must be a text, got a ${typeof value}`,
  )
}

function readUrls(given: string | readonly string[]): RabbitMQUrl {
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
