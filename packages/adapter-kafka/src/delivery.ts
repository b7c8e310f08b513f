import type { HeaderList, Inbound } from '@sluice/core/spi'
import type { PartitionClaim } from './claim.js'
import { readRecord } from './envelope.js'
import type { Part } from './part.js'
import type { FetchedRecord } from './wire/records/record.js'

/** One hand-over of one message. */
export class Delivery implements Inbound {
  readonly claim: PartitionClaim
  readonly part: Part
  readonly offset: number
  readonly handle: number
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  readonly id: string | undefined
  readonly type: string | undefined
  readonly correlationId: string | undefined
  readonly contentType: string | undefined
  readonly timestampMs: number
  readonly headers: HeaderList
  readonly bytes: number
  readonly failures: number
  readonly handovers: number
  readonly starts: number
  core: unknown = undefined
  ended = false

  constructor(claim: PartitionClaim, part: Part, handle: number, record: FetchedRecord) {
    const read = readRecord(record)
    this.claim = claim
    this.part = part
    this.offset = record.offset
    this.handle = handle
    // Copies: what is held for long would keep the whole answer that it came in.
    this.key = read.key === null ? null : Buffer.from(read.key)
    this.body = read.body === null ? null : Buffer.from(read.body)
    this.id = read.id
    this.type = read.type
    this.correlationId = read.correlationId
    this.contentType = read.contentType
    this.timestampMs = read.timestampMs
    this.headers = read.headers
    this.bytes = read.bytes
    this.failures = part.failures.get(record.offset) ?? 0
    this.starts = part.starts.get(record.offset) ?? 0
    this.handovers = part.handovers.of(record.offset)
  }

  /** Messages for the group alone have numbers of their own. */
  get position(): string {
    return this.part.isOwn ? `g${this.offset}` : String(this.offset)
  }
}
