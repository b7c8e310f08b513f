import { SluiceError } from '@sluice/core'
import { show } from '@sluice/core/spi'

/** A node to begin with; it tells of the others. */
export interface Address {
  readonly host: string
  /** `undefined`: 9092. */
  readonly port: number | undefined
}

/** What a URL says; what it does not say is `undefined`. */
export interface KafkaUrl {
  readonly addresses: readonly Address[]
  readonly username: string | undefined
  readonly password: string | undefined
  readonly mechanism: string | undefined
  readonly tls: boolean | undefined
  readonly connectTimeoutMs: number | undefined
  readonly requestTimeoutMs: number | undefined
  readonly sessionTimeoutMs: number | undefined
  readonly partitions: number | undefined
  readonly replicationFactor: number | undefined
  readonly minInsyncReplicas: number | undefined
}

/** What may stand behind the question mark: the names of the options. */
type Parameters = Omit<KafkaUrl, 'addresses' | 'username' | 'password'>

const form = 'kafka://user:password@host:9092,host:9092?tls=true'
const addressForm = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i

/**
 * Reads `kafka://user:password@host1:9092,host2?tls=true`. By hand: what has several hosts is no `URL`. No text of an error repeats anything
 * in which a part of a password could stand.
 * @throws SluiceError INVALID_CONFIGURATION naming the field
 */
export function parseUrl(url: string): KafkaUrl {
  const match = /^kafka:\/\/([^/?#]*)\/?(?:\?([^#]*))?$/i.exec(url)
  if (match === null)
    throw wrong('url', `must look like ${form}, with special characters escaped: "/" as %2F, "?" as %3F`)
  const [, authority = '', query = ''] = match
  // Most likely of a password that was not escaped, which then would be taken for a parameter.
  if (query.includes('@'))
    throw wrong('url', 'has an "@" behind its hosts: write special characters of user and password as %40, %3F')
  const at = authority.lastIndexOf('@')
  return {
    addresses: authority
      .slice(at + 1)
      .split(',')
      .map(parseAddress),
    ...parseUser(at === -1 ? undefined : authority.slice(0, at)),
    ...parseQuery(query),
  }
}

/**
 * Several URLs are one cluster: the others add hosts, and say nothing that the first does not.
 * @throws SluiceError INVALID_CONFIGURATION
 */
export function joinUrls(urls: readonly KafkaUrl[]): KafkaUrl {
  const [first, ...others] = urls
  if (first === undefined) throw wrong('url', 'is missing')
  for (const other of others) {
    for (const field of Object.keys(first) as (keyof KafkaUrl)[]) {
      if (field === 'addresses' || other[field] === undefined || other[field] === first[field]) continue
      throw wrong('url', `differs in ${field}: several URLs may differ in hosts only`)
    }
  }
  return { ...first, addresses: urls.flatMap(({ addresses }) => addresses) }
}

function parseUser(user: string | undefined): Pick<KafkaUrl, 'username' | 'password'> {
  if (user === undefined) return { username: undefined, password: undefined }
  const colon = user.indexOf(':')
  const name = colon === -1 ? user : user.slice(0, colon)
  return {
    username: name === '' ? undefined : unescape('username', name),
    password: colon === -1 ? undefined : unescape('password', user.slice(colon + 1)),
  }
}

function parseAddress(text: string): Address {
  const [whole, ipv6, name = '', digits] = addressForm.exec(text) ?? []
  const port = digits === undefined ? undefined : Number(digits)
  if (whole === undefined || (port !== undefined && (port < 1 || port > 65_535)))
    throw wrong('url', 'needs hosts like name, name:9092, 10.0.0.1:9092 or [::1]:9092, several with "," between them')
  return { host: ipv6 ?? name, port }
}

function unescape(field: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong(field, 'has a "%" in the URL that is no escape: write it as %25')
  }
}

const readers: { readonly [K in keyof Parameters]: (name: string, value: string) => Parameters[K] } = {
  mechanism: (_, value) => value,
  tls: readFlag,
  connectTimeoutMs: readNumber,
  requestTimeoutMs: readNumber,
  sessionTimeoutMs: readNumber,
  partitions: readNumber,
  replicationFactor: readNumber,
  minInsyncReplicas: readNumber,
}

function parseQuery(query: string): Parameters {
  const given = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (!Object.hasOwn(readers, name))
      throw wrong('url', `has an unknown parameter ${show(name)}. Known: ${Object.keys(readers).join(', ')}`)
    if (given.has(name)) throw wrong(name, 'stands twice in the URL')
    given.set(name, value)
  }
  const read = <K extends keyof Parameters>(name: K): Parameters[K] | undefined => {
    const value = given.get(name)
    return value === undefined ? undefined : readers[name](name, value)
  }
  return {
    mechanism: read('mechanism'),
    tls: read('tls'),
    connectTimeoutMs: read('connectTimeoutMs'),
    requestTimeoutMs: read('requestTimeoutMs'),
    sessionTimeoutMs: read('sessionTimeoutMs'),
    partitions: read('partitions'),
    replicationFactor: read('replicationFactor'),
    minInsyncReplicas: read('minInsyncReplicas'),
  }
}

function readNumber(name: string, value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw wrong(name, 'must be a whole number in the URL')
  return Number(value)
}

function readFlag(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw wrong(name, 'must be true or false in the URL')
  return value === 'true'
}

function wrong(field: string, text: string): SluiceError {
  return new SluiceError('INVALID_CONFIGURATION', `${field} ${text}`, { field })
}
