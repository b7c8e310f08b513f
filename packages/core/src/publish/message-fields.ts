import { checkKeys, checkMs } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { encodeHeaders } from '../kit/header-codec.js'
import { formatVersion, reservedPrefix, standardHeaders, type HeaderList } from '../model/headers.js'
import type { AnyTopic } from '../model/topic.js'

/** What the options of one message say, checked. */
export interface MessageFields {
  readonly headers: HeaderList
  readonly id: string | undefined
  readonly correlationId: string | undefined
  readonly type: string | undefined
  /** `undefined`: the topic computes it. */
  readonly key: unknown
}

/** How long the caller waits. */
export interface Waiting {
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
}

const messageKeys = ['headers', 'id', 'correlationId', 'type', 'key']
const waitingKeys = ['timeoutMs', 'signal']
const publishKeys = [...messageKeys, ...waitingKeys]
const entryKeys = ['payload', ...messageKeys]
const batchKeys = [...waitingKeys, 'settled']

type Loose = Readonly<Record<string, unknown>>

const versionHeader = [standardHeaders.version, String(formatVersion)] as const
/** Shared by all messages without headers of their own. */
export const onlyVersion: HeaderList = Object.freeze([versionHeader])
const noFields: MessageFields = {
  headers: onlyVersion,
  id: undefined,
  correlationId: undefined,
  type: undefined,
  key: undefined,
}
const noWaiting: Waiting = { timeoutMs: undefined, signal: undefined }

/** What the options of `publish` say of the message. To be called first: it checks the names of all options. @throws SluiceError */
export function readPublishFields(topic: AnyTopic, options: object | undefined): MessageFields {
  if (options === undefined && topic.kind === 'single') return noFields
  if (options !== undefined) checkKeys('options', options, publishKeys)
  return readFields(topic, options as Loose | undefined, 'options')
}

/** Entry `index` of a batch, without its payload. @throws SluiceError */
export function readEntryFields(topic: AnyTopic, entry: unknown, index: number): MessageFields {
  if (topic.kind === 'single' && isOnlyPayload(entry)) return noFields
  const where = `entries[${index}]`
  checkKeys(where, entry as object, entryKeys)
  return readFields(topic, entry as Loose, where)
}

/** Most entries are `{ payload }`; what is said of others is looked at one by one. */
function isOnlyPayload(entry: unknown): entry is { readonly payload: unknown } {
  if (typeof entry !== 'object' || entry === null || Object.getPrototypeOf(entry) !== Object.prototype) return false
  for (const name in entry) if (name !== 'payload') return false
  try {
    // A getter that throws is looked at with the rest.
    return (entry as { readonly payload?: unknown }).payload !== undefined
  } catch {
    return false
  }
}

/** Options of `publishBatch`; the names are checked here. @throws SluiceError */
export function readSettled(options: object | undefined): boolean {
  if (options === undefined) return false
  checkKeys('options', options, batchKeys)
  const { settled = false } = options as Loose
  if (typeof settled !== 'boolean') throw invalid('options.settled', 'must be true or false')
  return settled
}

/** How long the caller of `publish` or `publishBatch` waits. @throws SluiceError */
export function readWaiting(options: object | undefined): Waiting {
  if (options === undefined) return noWaiting
  const { timeoutMs, signal } = options as Loose
  checkMs('options.timeoutMs', timeoutMs)
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid('options.signal', 'must be an AbortSignal')
  return { timeoutMs: timeoutMs as number | undefined, signal }
}

function readFields(topic: AnyTopic, options: Loose | undefined, where: string): MessageFields {
  const type = options?.['type']
  if (topic.kind === 'typed') checkType(topic.name, topic.types, type, where)
  else if (type !== undefined) {
    const text = `${where}.type is only for topics with several types; "${topic.name}" has one schema: leave it out`
    throw new SluiceError('UNKNOWN_OPTION', text, { field: `${where}.type`, topic: topic.name })
  }
  if (options === undefined) return type === undefined ? noFields : { ...noFields, type: type as string }
  const { headers, id, correlationId, key } = options
  if (key !== undefined && !topic.keyed) {
    const text = `topic "${topic.name}" has no key: leave out ${where}.key, or define the topic with a key function`
    throw new SluiceError('INVALID_KEY', text, { field: `${where}.key`, topic: topic.name })
  }
  checkId(id, where)
  checkCorrelationId(correlationId, where)
  return {
    headers: headers === undefined ? onlyVersion : readHeaders(headers, where),
    id: id as string | undefined,
    correlationId: correlationId as string | undefined,
    type: type as string | undefined,
    // An asynchronous schema looks at the key later than the caller may change it. Not `slice`: that of a Buffer shares its memory.
    key: key instanceof Uint8Array ? new Uint8Array(key) : key,
  }
}

function checkType(topic: string, types: object, type: unknown, where: string): void {
  if (typeof type === 'string' && Object.hasOwn(types, type)) return
  const got = typeof type === 'string' ? `"${type}"` : typeof type
  const text = `${where}.type must be one of ${Object.keys(types).join(', ')} on topic "${topic}", got ${got}`
  throw new SluiceError('UNKNOWN_TYPE', text, { field: `${where}.type`, topic })
}

function checkId(id: unknown, where: string): void {
  if (id === undefined || (typeof id === 'string' && /^[!-~]{1,200}$/.test(id))) return
  const got = typeof id === 'string' ? `${id.length} characters` : typeof id
  throw new SluiceError('INVALID_ID', `${where}.id must be 1 to 200 visible ASCII characters, got ${got}`, {
    field: `${where}.id`,
  })
}

function checkCorrelationId(value: unknown, where: string): void {
  if (value === undefined || (typeof value === 'string' && value.isWellFormed())) return
  throw invalid(`${where}.correlationId`, 'must be well-formed text')
}

function readHeaders(headers: unknown, where: string): HeaderList {
  const encoded = encodeHeaders(headers)
  if (!encoded.ok) {
    const field = `${where}.${encoded.field}`
    throw new SluiceError('INVALID_HEADER', `${field}: ${encoded.reason}`, { field })
  }
  for (const [name] of encoded.headers) {
    if (isReserved(name)) throw reserved(name, `${where}.headers[${JSON.stringify(name)}]`)
  }
  return [versionHeader, ...encoded.headers]
}

/** One header that middleware or a tracer sets, in a new list. @throws SluiceError INVALID_HEADER */
export function withHeader(headers: HeaderList, name: string, value: string): HeaderList {
  const encoded = encodeHeaders({ [name]: value })
  if (!encoded.ok)
    throw new SluiceError('INVALID_HEADER', `setHeader: ${encoded.field}: ${encoded.reason}`, { field: encoded.field })
  if (isReserved(name)) throw reserved(name, name)
  return [...headers.filter(([other]) => other !== name), [name, value]]
}

/** Upper and lower case alike, because some protocols do not keep them apart. */
export const isReserved = (name: string): boolean => name.toLowerCase().startsWith(reservedPrefix)

function reserved(name: string, field: string): SluiceError {
  return new SluiceError('INVALID_HEADER', `header "${name}": the prefix "${reservedPrefix}" is reserved`, { field })
}

function invalid(field: string, text: string): SluiceError {
  return new SluiceError('INVALID_OPTION', `${field} ${text}`, { field })
}
