import { createRouteTable } from '../../src/publish/route-table.js'
import { createPublisher, type PublishContext, type Publisher } from '../../src/publish/publisher.js'
import { silentLogger } from '../../src/model/logger.js'
import { systemClock } from '../../src/model/clock.js'
import { FakeBroker, type FakeBrokerOptions } from './fake-broker.js'

export interface Publishing {
  readonly broker: FakeBroker
  readonly publisher: Publisher
}

type Options = FakeBrokerOptions & Partial<PublishContext> & { readonly topology?: 'declare' | 'verify' | 'none' }

export const defaultBuffer = { messages: 10_000, bytes: 1 << 24, waitingMessages: 100_000, waitingBytes: 1 << 24 }

/** A publisher on a fake broker, ready to write. */
export function publishing(options: Options = {}): Publishing {
  const broker = new FakeBroker(options)
  const { adapter } = broker
  const { clock = systemClock, topology = 'declare' } = options
  const publisher = createPublisher({
    ...{ adapter, clock, log: options.log ?? silentLogger, publishTimeoutMs: options.publishTimeoutMs ?? 30_000 },
    ...{ buffer: options.buffer ?? defaultBuffer, publishOrder: options.publishOrder ?? 'pipelined' },
    ...{ middleware: options.middleware ?? [], tracer: options.tracer },
    routes: createRouteTable({ adapter, clock, topology }),
  })
  publisher.sideState('ready')
  return { broker, publisher }
}
