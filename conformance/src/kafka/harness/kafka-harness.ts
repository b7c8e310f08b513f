import { kafka } from '@sluice/adapter-kafka'
import { startKafka, type Kafka } from '@sluice/brokers'
import type { Harness, HarnessTimings } from '@sluice/testing'
import { kafkaFaults } from './kafka-faults.js'

export interface KafkaHarnessOptions {
  readonly nodes: 1 | 3
}

const sessionMs = 6_000
const maxMessageBytes = 2 * 1024 * 1024

const timings: HarnessTimings = {
  detectMs: 4_000,
  recoverMs: 10_000,
  rebalanceMs: 3_000,
  // A member that says nothing is missed when its session is over.
  takeOverMs: sessionMs + 4_000,
  storeMs: 1_000,
  heartbeatMs: sessionMs / 10,
  sessionMs,
  holdMs: Infinity,
  patienceMs: 30_000,
}

/** The Kafka adapter on a broker of its own. */
export async function kafkaHarness({ nodes }: KafkaHarnessOptions): Promise<Harness> {
  const broker = await startKafka({
    nodes,
    properties: {
      'message.max.bytes': maxMessageBytes,
      'replica.fetch.max.bytes': maxMessageBytes,
      'group.min.session.timeout.ms': 1_000,
    },
  })
  return makeHarness(broker)
}

function makeHarness(broker: Kafka): Harness {
  const count = broker.nodes.length
  const options = {
    ...{ url: broker.url, sessionTimeoutMs: sessionMs, requestTimeoutMs: 5_000, connectTimeoutMs: 3_000 },
    replicationFactor: count,
  }
  return {
    name: 'kafka',
    broker: `Kafka ${broker.version ?? ''}, ${count} ${count === 1 ? 'node' : 'nodes'}`,
    capabilities: kafka(options).capabilities,
    createAdapter: () => kafka(options),
    // What the adapter keeps free for its own headers is not the application's.
    limits: { maxMessageBytes: maxMessageBytes - 512 },
    timings,
    timeFactor: 4,
    faults: kafkaFaults(broker),
    cannotHappen: {
      block: 'Kafka does not say that it takes nothing',
      closeChannels: 'Kafka has no channels',
      expireHold: 'Kafka bears a delivery for as long as its owner lives',
      ...(count === 1 ? { stopNodes: 'the broker has one node' } : {}),
    },
    inspect: {},
    close: () => broker.close(),
  }
}
