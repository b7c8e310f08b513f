import { silentLogger, systemClock, type Claim, type Consumer, type GroupRef, type Inbound } from '@sluice/core/spi'
import type { Harness } from '../harness.js'

/** A consumer of an adapter without core above it. */
export interface RawConsumer {
  readonly clientName: string
  readonly consumer: Consumer
  /** Every claim that it was ever given, oldest first. */
  readonly claims: readonly Claim[]
  /** Every delivery, oldest first. */
  readonly deliveries: readonly { readonly claim: Claim; readonly inbound: Inbound }[]
  readonly lost: readonly Claim[]
  close(): Promise<void>
}

/** For what core never does: the group must exist. */
export async function openRawConsumer(harness: Harness, clientName: string, group: GroupRef): Promise<RawConsumer> {
  const adapter = harness.createAdapter({ clientName })
  const patience = (): AbortSignal => AbortSignal.timeout(harness.timings.patienceMs)
  const ignore = (): void => undefined
  await adapter.open(
    { clientName, clock: systemClock, log: silentLogger, state: ignore, routeChanged: ignore },
    patience(),
  )
  const claims: Claim[] = []
  const deliveries: { readonly claim: Claim; readonly inbound: Inbound }[] = []
  const lost: Claim[] = []
  await adapter.route(group.topic, patience())
  const consumer = await adapter.consume(
    {
      group,
      order: 'key',
      from: 'creation',
      onPositionLost: 'fail',
      window: { messages: 1_000, bytes: 16 * 1024 * 1024 },
      drainMs: 1_000,
    },
    {
      claimed: (claim) => void claims.push(claim),
      deliver: (claim, inbounds) => void deliveries.push(...inbounds.map((inbound) => ({ claim, inbound }))),
      revoking: () => Promise.resolve(),
      lost: (gone) => void lost.push(...gone),
      failed: ignore,
      noticed: ignore,
    },
    patience(),
  )
  const close = async (): Promise<void> => {
    await consumer.close(patience())
    await adapter.close(patience())
  }
  return { clientName, consumer, claims, deliveries, lost, close }
}
