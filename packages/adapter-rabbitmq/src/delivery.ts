import type { HeaderList, Inbound } from '@sluice/core/spi'
import type { ConsumerClaim } from './claim.js'
import { readEnvelope, type NativeParts } from './envelope.js'
import type { Settler } from './settle.js'
import type { WireDelivery, WireProperties } from './wire/port.js'

/** One hand-over of one message. */
export class Delivery implements Inbound, NativeParts {
  readonly claim: ConsumerClaim
  /** Of the channel that it came on; its tag means nothing to another. */
  readonly settler: Settler
  readonly handle: number
  readonly tag: number
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  readonly id: string | undefined
  readonly type: string | undefined
  readonly correlationId: string | undefined
  readonly contentType: string | undefined
  readonly timestampMs: number | undefined
  readonly headers: HeaderList
  readonly bytes: number
  readonly native: WireProperties
  readonly handovers: number
  starts = 0
  core: unknown = undefined

  constructor(claim: ConsumerClaim, settler: Settler, handle: number, wire: WireDelivery) {
    const read = readEnvelope(wire)
    this.claim = claim
    this.settler = settler
    this.handle = handle
    this.tag = wire.tag
    this.key = read.key
    this.body = read.body
    this.id = read.id
    this.type = read.type
    this.correlationId = read.correlationId
    this.contentType = read.contentType
    this.timestampMs = read.timestampMs
    this.headers = read.headers
    this.bytes = read.bytes
    this.native = read.native
    this.handovers = handoversOf(wire)
  }

  /** A queue has no positions. */
  get position(): undefined {
    return undefined
  }

  /** The broker keeps no attempts. */
  get failures(): 0 {
    return 0
  }
}

/** Quorum queues count; others only say that there was one. */
function handoversOf({ properties, redelivered }: WireDelivery): number {
  const count = properties.headers?.['x-delivery-count']
  if (typeof count === 'number') return count
  return redelivered ? 1 : 0
}
