import { createMemoryBroker, memory, type MemoryBroker, type MemoryLike } from '@sluice/core/memory'
import type { BrokerWishes, Harness, Inspect } from '../harness.js'
import { memoryFaults } from './memory-faults.js'

export interface MemoryHarnessOptions extends BrokerWishes {
  readonly like: MemoryLike
}

const sessionMs = 400
const heartbeatMs = 200
const storeMs = 250

/** The memory adapter on a broker of its own. Everything can be broken and looked at, so the kit skips nothing but the ids of others. */
export async function memoryHarness(options: MemoryHarnessOptions): Promise<Harness> {
  const { like, holdMs } = options
  const log = like === 'log' || like === 'kafka'
  const broker: MemoryBroker = createMemoryBroker({
    like,
    sessionMs,
    heartbeatMs,
    ...(holdMs === undefined ? {} : { holdMs }),
  })
  const probe = memory({ broker })
  return {
    name: 'memory',
    behaviour: like,
    standsFor: log ? 'kafka' : 'rabbitmq',
    broker: `in process, Node ${process.versions.node}`,
    capabilities: probe.capabilities,
    createAdapter: () => memory({ broker }),
    limits: { maxMessageBytes: { queue: 1_114_112, log: 1_114_112, rabbitmq: 16_777_216, kafka: 1_048_588 }[like] },
    timings: {
      detectMs: heartbeatMs * 2 + 100,
      recoverMs: 500,
      rebalanceMs: 500,
      takeOverMs: sessionMs + 500,
      storeMs,
      heartbeatMs,
      sessionMs,
      holdMs: holdMs ?? (log ? Infinity : 1_440_000),
      patienceMs: 10_000,
    },
    followsClock: true,
    cannotHappen: { stopNodes: 'memory has no nodes that could fail one by one' },
    faults: memoryFaults(broker, log),
    inspect: inspectMemoryBroker(broker, log),
    fork: (wishes) => memoryHarness({ ...options, ...wishes }),
    async close() {
      broker.control.allow()
      broker.control.start()
      broker.control.speak()
    },
  }
}

function inspectMemoryBroker({ control }: MemoryBroker, log: boolean): Partial<Inspect> {
  return {
    depth: async (topic, group) => control.depth({ topic, group }),
    unsettled: async (topic, group) => control.unsettled({ topic, group }),
    ...(log ? { position: async (topic, group, partition) => control.position({ topic, group }, partition) } : {}),
    stored: async (topic) => control.ids(topic),
    deadLetters: async (topic, group) => control.deadLetters({ topic, group }).map(({ id }) => id ?? ''),
    members: async (topic, group) => control.consumers({ topic, group }),
    owners: async (topic, group) => control.owners({ topic, group }),
    listeners: async () => control.listeners(),
  }
}
