import { SluiceError } from '@sluice/core'
import { show } from '@sluice/core/spi'

/** An address of the broker. */
export interface Address {
  readonly host: string
  /** `undefined`: the one that belongs to the scheme. */
  readonly port: number | undefined
}

/** What a URL says; what it does not say is `undefined`. */
export interface RabbitMQUrl {
  readonly secure: boolean
  readonly addresses: readonly Address[]
  readonly username: string | undefined
  readonly password: string | undefined
  readonly vhost: string | undefined
  readonly heartbeatSeconds: number | undefined
  readonly connectTimeoutMs: number | undefined
  readonly consumerTimeoutMs: number | undefined
  readonly partitions: number | undefined
}

const form = 'amqp://user:password@host:5672/vhost'

/**
 * Reads `amqp://user:password@host1:5672,host2/vhost?heartbeat=5`, or the same with amqps. By hand: what has several hosts is no `URL`.
 * No text of an error repeats anything in which a part of a password could stand.
 * @throws SluiceError INVALID_CONFIGURATION naming the field
 */
export function parseUrl(url: string): RabbitMQUrl {
  const match = /^(amqps?):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i.exec(url)
  if (match === null) throw wrong('url', `must look like ${form}`)
  const [, scheme = '', authority = '', path = '', query = ''] = match
  // Most likely of a password that was not escaped, which then would be taken for a host, a vhost or a parameter.
  if (`${path}${query}`.includes('@')) {
    throw wrong(
      'url',
      'has an "@" behind its hosts: write special characters of user, password and vhost as %40, %2F, %3F, %23',
    )
  }
  const at = authority.lastIndexOf('@')
  const hosts = authority.slice(at + 1)
  return {
    secure: scheme.toLowerCase() === 'amqps',
    addresses: hosts.split(',').map(parseAddress),
    ...parseUser(at === -1 ? undefined : authority.slice(0, at)),
    vhost: parseVhost(path),
    ...parseQuery(query),
  }
}

/**
 * Several URLs are one broker: the others add hosts, and say nothing that the first does not.
 * @throws SluiceError INVALID_CONFIGURATION
 */
export function joinUrls(urls: readonly RabbitMQUrl[]): RabbitMQUrl {
  const [first, ...others] = urls
  if (first === undefined) throw wrong('url', 'is missing')
  for (const other of others) {
    for (const field of Object.keys(first) as (keyof RabbitMQUrl)[]) {
      if (field === 'addresses' || other[field] === undefined || other[field] === first[field]) continue
      throw wrong(
        'url',
        `differs in ${field === 'secure' ? 'amqp and amqps' : field}: several URLs may differ in hosts only`,
      )
    }
  }
  return { ...first, addresses: urls.flatMap(({ addresses }) => addresses) }
}

function parseUser(user: string | undefined): Pick<RabbitMQUrl, 'username' | 'password'> {
  if (user === undefined) return { username: undefined, password: undefined }
  const colon = user.indexOf(':')
  const name = colon === -1 ? user : user.slice(0, colon)
  return {
    username: name === '' ? undefined : unescape('username', name),
    password: colon === -1 ? undefined : unescape('password', user.slice(colon + 1)),
  }
}

const addressForm = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i

function parseAddress(text: string): Address {
  const [whole, ipv6, name = '', digits] = addressForm.exec(text) ?? []
  const port = digits === undefined ? undefined : Number(digits)
  if (whole === undefined || (port !== undefined && (port < 1 || port > 65_535))) {
    throw wrong('url', 'needs hosts like name, name:5672, 10.0.0.1:5672 or [::1]:5672, several with "," between them')
  }
  return { host: ipv6 ?? name, port }
}

/** `undefined` for none and for the empty one, which most clients take for the default. */
function parseVhost(path: string): string | undefined {
  const vhost = path.slice(1)
  if (vhost.includes('/')) throw wrong('vhost', 'has a "/" in the URL: write it as %2F')
  return vhost === '' ? undefined : unescape('vhost', vhost)
}

function unescape(field: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong(field, 'has a "%" in the URL that is no escape: write it as %25')
  }
}

/** Names of parameters and of the options that they set. */
const parameters = {
  heartbeat: 'heartbeatSeconds',
  connectTimeoutMs: 'connectTimeoutMs',
  consumerTimeoutMs: 'consumerTimeoutMs',
  partitions: 'partitions',
} as const

type Numbers = Pick<RabbitMQUrl, (typeof parameters)[keyof typeof parameters]>

function parseQuery(query: string): Numbers {
  const numbers: { -readonly [K in keyof Numbers]: Numbers[K] } = {
    heartbeatSeconds: undefined,
    connectTimeoutMs: undefined,
    consumerTimeoutMs: undefined,
    partitions: undefined,
  }
  for (const [name, value] of new URLSearchParams(query)) {
    if (!isParameter(name)) {
      throw wrong('url', `has an unknown parameter ${show(name)}. Known: ${Object.keys(parameters).join(', ')}`)
    }
    const option = parameters[name]
    if (numbers[option] !== undefined) throw wrong(name, 'stands twice in the URL')
    if (!/^\d{1,15}$/.test(value)) throw wrong(name, 'must be a whole number in the URL')
    numbers[option] = Number(value)
  }
  return numbers
}

const isParameter = (name: string): name is keyof typeof parameters => Object.hasOwn(parameters, name)

function wrong(field: string, text: string): SluiceError {
  return new SluiceError('INVALID_CONFIGURATION', `${field} ${text}`, { field })
}
