import { utf8Length } from './utf8.js'
import type { HeaderList } from '../model/headers.js'

/** What a message costs beside its own bytes: ids, time stamps, frames. A round number that all brokers stay under. */
const overheadBytes = 128
const headerOverheadBytes = 8

/** Enough for the headers of a dead letter. */
const headerReserveBytes = 4096

/**
 * The largest message that may be published where the broker takes `maxMessageBytes`: room is kept below the limit, so that a message of
 * exactly this size can still be dead-lettered with its reason.
 */
export function publishLimit(maxMessageBytes: number): number {
  return maxMessageBytes - Math.min(headerReserveBytes, maxMessageBytes >> 2)
}

function headerBytes(headers: HeaderList): number {
  let bytes = 0
  for (const [name, value] of headers) {
    bytes += headerOverheadBytes + name.length + (typeof value === 'string' ? utf8Length(value) : value.length)
  }
  return bytes
}

/** Size of a message as buffers, windows and limits count it. */
export function envelopeBytes(body: Uint8Array | null, key: Uint8Array | null, headers: HeaderList): number {
  return overheadBytes + (body?.length ?? 0) + (key?.length ?? 0) + headerBytes(headers)
}
