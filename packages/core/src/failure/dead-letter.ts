import { textOf } from '../errors/text-of.js'
import { decodeUtf8, encodeUtf8 } from '../kit/utf8.js'
import { envelopeBytes } from '../kit/envelope-size.js'
import { formatVersion, standardHeaders as names, type HeaderList } from '../model/headers.js'
import type { Inbound, Outbound } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'

/** Caps of the free texts, in bytes: enough to find the place in the code, too little to matter for a broker. */
const messageCapBytes = 1024
const stackCapBytes = 2048
/** Kept beside a message of any size; adapters leave room for some hundred bytes beyond the largest message. */
const messageLeastBytes = 256

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

/** In order of importance. What does not fit is cut, but for the little without which nobody knows what has happened. */
function errorHeaders(error: unknown, room: number): HeaderList {
  const { name, message, stack, code } = describe(error)
  const texts: readonly (readonly [name: string, text: string, least: number, most: number])[] = [
    [names.reason, code, 64, 64],
    [names.errorName, name, 128, 128],
    [names.errorMessage, message, messageLeastBytes, messageCapBytes],
    [names.errorStack, stack, 0, stackCapBytes],
  ]
  const headers: [string, string][] = []
  let left = room
  for (const [header, text, least, most] of texts) {
    const space = Math.max(least, Math.min(most, left - header.length - 8))
    if (text === '' || space < 16) continue
    const value = capped(text, space)
    headers.push([header, value])
    left -= header.length + 8 + encodeUtf8(value).length
  }
  return headers
}

/** Handlers may throw errors whose fields are not what the type says. */
function describe(error: unknown): { name: string; message: string; stack: string; code: string } {
  const message = textOf(error)
  if (!(error instanceof Error)) return { name: typeof error, message, stack: '', code: 'HANDLER_FAILED' }
  const { name, stack, code }: { name: unknown; stack?: unknown; code?: unknown } = error
  const named = wellFormed(name) || 'Error'
  return { name: named, message, stack: wellFormed(stack), code: wellFormed(code) || named }
}

const wellFormed = (value: unknown): string => (typeof value === 'string' ? value.toWellFormed() : '')

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
