import type { Key } from '@sluice/core'
import { silentLogger, systemClock, type HeaderList, type Outbound, type SendResult } from '@sluice/core/spi'
import type { Harness } from '../harness.js'

/** A message that core did not make: what a foreign producer, or a damaged one, may send. */
export interface RawMessage {
  readonly id: string
  readonly body: Uint8Array | null
  /** @default null */
  readonly key?: Key | null
  /** @default 0 */
  readonly partition?: number
  /** @default none */
  readonly headers?: HeaderList
  /** @default 'application/json' */
  readonly contentType?: string
  /** @default undefined */
  readonly type?: string
}

/** Sends messages past core, in order, through an adapter of its own. */
export type SendRaw = (topic: string, messages: readonly RawMessage[]) => Promise<readonly SendResult[]>

/** What an envelope counts beside its contents; buffers only need a likely number. */
const overheadBytes = 64

export function createSendRaw(harness: Harness, prefix: string): SendRaw {
  let opened = 0
  return async (topic, messages) => {
    const clientName = `${prefix}-raw-${++opened}`
    const adapter = harness.createAdapter({ clientName })
    const signal = AbortSignal.timeout(harness.timings.patienceMs)
    const context = {
      clientName,
      clock: systemClock,
      log: silentLogger,
      state: (): void => undefined,
      routeChanged: (): void => undefined,
    }
    await adapter.open(context, signal)
    try {
      await adapter.route(topic, signal)
      const results: SendResult[] = []
      for (const message of messages) {
        results.push(
          await new Promise<SendResult>((resolve) => {
            adapter.send({
              destination: { to: 'topic', topic },
              partition: message.partition ?? 0,
              envelopes: [outbound(message)],
              resend: false,
              timeoutMs: harness.timings.patienceMs,
              report: (_index, result) => resolve(result),
            })
          }),
        )
      }
      return results
    } finally {
      await adapter.close(signal)
    }
  }
}

function outbound({
  id,
  body,
  key = null,
  headers = [],
  contentType = 'application/json',
  type,
}: RawMessage): Outbound {
  const keyBytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  const headerBytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  const bytes = (body?.length ?? 0) + (keyBytes?.length ?? 0) + headerBytes + overheadBytes
  return {
    id,
    key: keyBytes,
    body,
    type,
    contentType,
    correlationId: undefined,
    headers,
    timestampMs: Date.now(),
    bytes,
  }
}
