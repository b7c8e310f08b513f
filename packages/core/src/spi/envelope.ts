import type { HeaderList } from '../model/headers.js'
import type { Claim } from './consuming.js'

/** A message in wire form, either way. */
interface Envelope {
  readonly key: Uint8Array | null
  /** `null` is a tombstone; an empty body is an empty array. */
  readonly body: Uint8Array | null
  /** What `body` says, where whoever made the envelope has it as text: saves bytes that nobody needs. `body` is always there. */
  readonly text?: string | undefined
  readonly type: string | undefined
  readonly correlationId: string | undefined
  readonly headers: HeaderList
  /** Size that buffers and windows count: body, key, headers and a fixed overhead. */
  readonly bytes: number
}

/** A message on its way to the broker. Core never changes it after `send`. */
export interface Outbound extends Envelope {
  readonly id: string
  readonly contentType: string
  /** Wall time in ms. */
  readonly timestampMs: number
  /** A copy (retry, dead letter, redrive): what the broker's own format carries beyond this envelope is copied from here untouched. */
  readonly copyOf?: Inbound | StoredLetter | undefined
}

/** A message that the broker handed to this process. */
export interface Inbound extends Envelope {
  readonly claim: Claim
  /** Identity inside the claim's partition, stable over redeliveries where the broker has one (Kafka offset), else undefined. */
  readonly position: string | undefined
  readonly id: string | undefined
  readonly contentType: string | undefined
  readonly timestampMs: number | undefined
  /** Failed attempts that were recorded before (Consumer.record). 0 = none known. */
  readonly failures: number
  /** The broker's own count of earlier hand-overs, started or not. A hint for the crash guard, never the attempt. */
  readonly handovers: number | undefined
  /** Starts that were recorded before (Consumer.recordStart) and not taken back. 0 = none. */
  readonly starts: number
  /** Core's slot: saves a map look-up per message. Adapters neither read nor write it. */
  core: unknown
}

/** A message that lies among the dead letters of a group. */
export interface StoredLetter extends Omit<Inbound, 'claim' | 'core' | 'failures' | 'handovers' | 'starts'> {
  readonly cursor: string
}
