import { envelopeBytes } from '../kit/envelope-size.js'
import { formatVersion, standardHeaders as names } from '../model/headers.js'
import type { Inbound, Outbound } from '../spi/envelope.js'

interface Failed {
  readonly inbound: Inbound
  readonly id: string
  readonly failures: number
  readonly firstFailureAt: number | undefined
  readonly lastFailureAt: number | undefined
}

const counted: ReadonlySet<string> = new Set<string>([names.failures, names.firstFailureMs, names.lastFailureMs])

/** The message for its own group again, later, with the count of its failures: the copy starts where the original ended. */
export function delayedCopyEnvelope(work: Failed): Outbound {
  const { inbound } = work
  const headers: [string, string | Uint8Array][] = inbound.headers
    .filter(([name]) => !counted.has(name))
    .map(([n, v]) => [n, v])
  if (!headers.some(([name]) => name === names.version)) headers.push([names.version, String(formatVersion)])
  headers.push([names.failures, String(work.failures)])
  if (work.firstFailureAt !== undefined) headers.push([names.firstFailureMs, String(work.firstFailureAt)])
  if (work.lastFailureAt !== undefined) headers.push([names.lastFailureMs, String(work.lastFailureAt)])
  return {
    id: work.id,
    key: inbound.key,
    body: inbound.body,
    contentType: inbound.contentType ?? 'application/octet-stream',
    type: inbound.type,
    correlationId: inbound.correlationId,
    timestampMs: inbound.timestampMs ?? 0,
    headers,
    copyOf: inbound,
    bytes: envelopeBytes(inbound.body, inbound.key, headers),
  }
}
