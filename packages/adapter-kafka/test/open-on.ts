import {
  silentLogger,
  type Adapter,
  type Destination,
  type Logger,
  type Outbound,
  type SendResult,
  type Topology,
} from '@sluice/core/spi'
import { afterEach } from 'vitest'
import { KafkaAdapter } from '../src/adapter.js'
import { resolveOptions, type KafkaOptions } from '../src/options.js'
import type { FakeKafka } from './fake-cluster.js'

const ends: (() => unknown)[] = []

/** After the test, the last first. */
export function atEnd(end: () => unknown): void {
  ends.push(end)
}

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

export const soon = (): AbortSignal => AbortSignal.timeout(5_000)

export interface Opened {
  readonly adapter: Adapter
  /** `side state code` in the order in which core was told. */
  readonly states: string[]
  readonly changed: string[]
}

export async function openOn(
  kafka: FakeKafka,
  options: KafkaOptions = {},
  log: Logger = silentLogger,
): Promise<Opened> {
  const adapter = new KafkaAdapter(resolveOptions({ sessionTimeoutMs: 1_000, ...options }), kafka)
  const states: string[] = []
  const changed: string[] = []
  await adapter.open(
    {
      ...{ clientName: 'test', clock: kafka.clock, log },
      state: (side, state, cause) => void states.push(`${side} ${state}${cause === undefined ? '' : ` ${cause.code}`}`),
      routeChanged: (topic) => void changed.push(topic),
    },
    soon(),
  )
  atEnd(() => adapter.close(soon()))
  return { adapter, states, changed }
}

function outbound(id: string, over: Partial<Outbound> = {}): Outbound {
  return {
    ...{ id, key: null, body: Buffer.from(id), contentType: 'text/plain', type: undefined, correlationId: undefined },
    ...{ timestampMs: 1_000, headers: [], bytes: 200 },
    ...over,
  }
}

export interface Sent {
  readonly ids: readonly string[]
  readonly to?: Destination
  readonly partition?: number
  readonly timeoutMs?: number
}

/** Resolves when each has its result. */
export function send(adapter: Adapter, { ids, to, partition = 0, timeoutMs = 5_000 }: Sent): Promise<SendResult[]> {
  const results: SendResult[] = []
  let left = ids.length
  return new Promise((resolve, reject) => {
    adapter.send({
      destination: to ?? { to: 'topic', topic: 'orders' },
      ...{ partition, timeoutMs, resend: false, envelopes: ids.map((id) => outbound(id)) },
      report: (index, result) => {
        if (results[index] !== undefined) reject(new Error(`${ids[index]} was reported twice`))
        results[index] = result
        left -= 1
        if (left === 0) resolve(results)
      },
    })
  })
}

export function topologyOf(partitions: number | undefined, groups: readonly string[] = []): Topology {
  const specs = groups.map((name) => ({ name, order: 'key', from: 'creation', durableDelays: false }) as const)
  return { topics: [{ name: 'orders', keyed: true, partitions, groups: specs }] }
}

/** Groups that may have messages delayed. */
export function unorderedTopologyOf(partitions: number, groups: readonly string[]): Topology {
  const specs = groups.map((name) => ({ name, order: 'none', from: 'creation', durableDelays: true }) as const)
  return { topics: [{ name: 'orders', keyed: true, partitions, groups: specs }] }
}
