import { decodeUtf8, encodeUtf8 } from '../kit/utf8.js'
import { envelopeBytes } from '../kit/envelope-size.js'
import { formatVersion, standardHeaders as names, type HeaderList } from '../model/headers.js'
import type { Inbound, Outbound } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'

/** Caps of the free texts, in bytes: enough to find the place in the code, too little to matter for a broker. */
const messageCapBytes = 1024
const stackCapBytes = 2048

/** What is known about a delivery that failed for good. */
export interface DeadLetterFacts {
  readonly work: {
    readonly inbound: Inbound
    readonly failures: number
    readonly firstFailureAt: number | undefined
    readonly lastFailureAt: number | undefined
  }
  readonly error: unknown
  readonly ref: GroupRef
  /** Wall time. */
  readonly nowMs: number
  readonly maxBytes: number
}

/**
 * The message as it came, raw bytes and native headers kept, with the reason in standard headers. Where the whole would be larger than
 * the broker takes, our own texts shrink: first the stack, then the message; the message of the application never.
 */
export function deadLetterEnvelope(facts: DeadLetterFacts): Outbound {
  const { inbound } = facts.work
  const native = inbound.headers.filter(([name]) => !ownNames.has(name))
  const base = [...native, ...originHeaders(facts)]
  const room = facts.maxBytes - envelopeBytes(inbound.body, inbound.key, base)
  const headers: HeaderList = [...base, ...errorHeaders(facts.error, room)]
  return {
    id: inbound.id ?? `${facts.ref.topic}-${inbound.claim.partition}-${inbound.position ?? facts.nowMs}`,
    key: inbound.key,
    body: inbound.body,
    contentType: inbound.contentType ?? 'application/octet-stream',
    type: inbound.type,
    correlationId: inbound.correlationId,
    timestampMs: inbound.timestampMs ?? facts.nowMs,
    headers,
    copyOf: inbound,
    bytes: envelopeBytes(inbound.body, inbound.key, headers),
  }
}

const ownNames: ReadonlySet<string> = new Set<string>(
  Object.values(names).filter((name) => name !== names.redriven && name !== names.version),
)

function originHeaders({ work, ref, nowMs }: DeadLetterFacts): HeaderList {
  const headers: [string, string][] = [
    [names.originTopic, ref.topic],
    [names.originGroup, ref.group],
    [names.originPartition, String(work.inbound.claim.partition)],
    [names.attempts, String(work.failures)],
    [names.deadLetteredMs, String(nowMs)],
  ]
  if (!work.inbound.headers.some(([name]) => name === names.version))
    headers.push([names.version, String(formatVersion)])
  if (work.inbound.position !== undefined) headers.push([names.originPosition, work.inbound.position])
  if (work.firstFailureAt !== undefined) headers.push([names.firstFailureMs, String(work.firstFailureAt)])
  if (work.lastFailureAt !== undefined) headers.push([names.lastFailureMs, String(work.lastFailureAt)])
  return headers
}

/** In order of importance; what does not fit is cut, then left out. */
function errorHeaders(error: unknown, room: number): HeaderList {
  const { name, message, stack, code } = describe(error)
  const texts: readonly (readonly [string, string, number])[] = [
    [names.reason, code, 64],
    [names.errorName, name, 128],
    [names.errorMessage, message, messageCapBytes],
    [names.errorStack, stack, stackCapBytes],
  ]
  const headers: [string, string][] = []
  let left = room
  for (const [header, text, cap] of texts) {
    const space = Math.min(cap, left - header.length - 8)
    if (text === '' || space < 16) continue
    const value = capped(text, space)
    headers.push([header, value])
    left -= header.length + 8 + encodeUtf8(value).length
  }
  return headers
}

function describe(error: unknown): { name: string; message: string; stack: string; code: string } {
  if (!(error instanceof Error))
    return { name: typeof error, message: printable(error), stack: '', code: 'HANDLER_FAILED' }
  const code: unknown = (error as { code?: unknown }).code
  return {
    name: error.name.toWellFormed(),
    message: error.message.toWellFormed(),
    stack: (error.stack ?? '').toWellFormed(),
    code: typeof code === 'string' && code !== '' ? code.toWellFormed() : error.name.toWellFormed(),
  }
}

function printable(value: unknown): string {
  try {
    return (typeof value === 'object' ? JSON.stringify(value) : String(value)).toWellFormed()
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** At most `bytes` of UTF-8, cut between characters. */
function capped(text: string, bytes: number): string {
  const encoded = encodeUtf8(text.slice(0, bytes))
  if (encoded.length <= bytes)
    return encoded.length === encodeUtf8(text).length ? text : text.slice(0, bytes).toWellFormed()
  let end = bytes
  // A continuation byte is never the first of a character.
  while (end > 0 && ((encoded[end] as number) & 0xc0) === 0x80) end -= 1
  return decodeUtf8(encoded.subarray(0, end)) ?? ''
}
