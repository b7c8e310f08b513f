import { envelopeBytes } from '../kit/envelope-size.js'
import { partitionOf } from '../kit/murmur2.js'
import { formatVersion, standardHeaders as names, type HeaderList } from '../model/headers.js'
import type { Outbound, StoredLetter } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'
import { headerNumber, letterId } from './letter.js'

/** Everything that told of failures. The message starts as if it had never been tried. */
const stripped: ReadonlySet<string> = new Set<string>(Object.values(names).filter((name) => name !== names.version))

/** The message as it was, under the same id; its own headers and what the broker's format carries beside them stay. */
export function redrivenEnvelope(letter: StoredLetter, ref: GroupRef, nowMs: number): Outbound {
  const headers: HeaderList = [
    ...letter.headers.filter(([name]) => !stripped.has(name)),
    ...(letter.headers.some(([name]) => name === names.version)
      ? []
      : [[names.version, String(formatVersion)] as const]),
    [names.redriven, String((headerNumber(letter.headers, names.redriven) ?? 0) + 1)],
  ]
  return {
    id: letterId(letter, ref),
    key: letter.key,
    body: letter.body,
    contentType: letter.contentType ?? 'application/octet-stream',
    type: letter.type,
    correlationId: letter.correlationId,
    timestampMs: letter.timestampMs ?? nowMs,
    headers,
    copyOf: letter,
    bytes: envelopeBytes(letter.body, letter.key, headers),
  }
}

/** Where the key lives now, so that its lane orders it among the others; without a key the partition it came from, if that still exists. */
export function redrivenPartition(letter: StoredLetter, partitions: number): number {
  if (partitions <= 1) return 0
  if (letter.key !== null) return partitionOf(letter.key, partitions)
  const origin = headerNumber(letter.headers, names.originPartition) ?? 0
  return origin < partitions ? origin : 0
}
