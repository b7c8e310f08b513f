import type {
  Adapter,
  AdapterError,
  Claim,
  Consumer,
  ConsumeRequest,
  ConsumeSink,
  Inbound,
  Notice,
} from '@sluice/core/spi'
import { atEnd, soon } from './open-on.js'

/** What core was told, and what it holds. */
export class RecordingSink implements ConsumeSink {
  readonly claims: Claim[] = []
  readonly deliveries: Inbound[] = []
  readonly revoked: Claim[] = []
  readonly lostClaims: Claim[] = []
  readonly failures: AdapterError[] = []
  readonly notices: Notice[] = []
  /** What happens before a drain is over. */
  drain: () => Promise<void> = () => Promise.resolve()

  claimed(claim: Claim): void {
    this.claims.push(claim)
  }

  deliver(_: Claim, deliveries: readonly Inbound[]): void {
    this.deliveries.push(...deliveries)
  }

  async revoking(claims: readonly Claim[]): Promise<void> {
    await this.drain()
    this.revoked.push(...claims)
  }

  lost(claims: readonly Claim[]): void {
    this.lostClaims.push(...claims)
  }

  failed(cause: AdapterError): void {
    this.failures.push(cause)
  }

  noticed(notice: Notice): void {
    this.notices.push(notice)
  }

  /** Of what was delivered, by the text of the bodies. */
  get texts(): readonly string[] {
    return this.deliveries.map(textOf)
  }

  delivery(text: string): Inbound {
    const found = this.deliveries.findLast((one) => textOf(one) === text)
    if (found === undefined) throw new Error(`${text} was not delivered`)
    return found
  }
}

export const textOf = ({ body }: Inbound): string => Buffer.from(body ?? []).toString()

const request: ConsumeRequest = {
  group: { topic: 'orders', group: 'mail' },
  order: 'key',
  from: 'earliest',
  onPositionLost: 'fail',
  window: { messages: 100, bytes: 1_000_000 },
  drainMs: 1_000,
}

export interface Consumption {
  readonly sink: RecordingSink
  readonly consumer: Consumer
}

export async function consume(adapter: Adapter, over: Partial<ConsumeRequest> = {}): Promise<Consumption> {
  const sink = new RecordingSink()
  const consumer = await adapter.consume({ ...request, ...over }, sink, soon())
  atEnd(() => consumer.close(soon()))
  return { sink, consumer }
}
