import { kafka } from '@sluice/adapter-kafka'
import { startKafka, type Kafka } from '@sluice/brokers'
import type { Harness, HarnessTimings } from '@sluice/testing'
import { escapePattern } from '../../escape-pattern.js'
import { Relay } from '../../relay/relay.js'
import { RelayedKafka } from '../relay/relayed-kafka.js'
import { newWireState, type WireState } from '../relay/wire-state.js'
import { kafkaFaults } from './kafka-faults.js'
import { kafkaInspect } from './kafka-inspect.js'
import { KafkaOperator } from '../operate/kafka-operator.js'

export interface KafkaHarnessOptions {
  readonly nodes: 1 | 3
}

const sessionMs = 6_000
const maxMessageBytes = 2 * 1024 * 1024

const account = { name: 'kit', password: 'of-the-kit' }

const alone = 'the broker has one node'

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

/** The Kafka adapter on a broker of its own, which every client reaches through a relay that can tell them apart. */
export async function kafkaHarness({ nodes }: KafkaHarnessOptions): Promise<Harness> {
  const wire = newWireState()
  const relay = new Relay((connection) => new RelayedKafka(connection, wire))
  try {
    const broker = await startKafka({
      nodes,
      advertise: (listener) => relay.listen(listener),
      users: [account],
      properties: {
        'message.max.bytes': maxMessageBytes,
        'replica.fetch.max.bytes': maxMessageBytes,
        'group.min.session.timeout.ms': 1_000,
      },
    })
    return makeHarness(broker, relay, wire)
  } catch (error) {
    await relay.close()
    throw error
  }
}

function makeHarness(broker: Kafka, relay: Relay, wire: WireState): Harness {
  const count = broker.nodes.length
  const operator = new KafkaOperator(broker.bootstrap)
  const options = { url: broker.url, sessionTimeoutMs: sessionMs, requestTimeoutMs: 5_000, connectTimeoutMs: 3_000 }
  const refused = {
    ...options,
    url: `kafka://${broker.saslBootstrap.join()}`,
    username: account.name,
    password: 'wrong',
  }
  let isDenied = false
  return {
    name: 'kafka',
    broker: `Kafka ${broker.version ?? ''}, ${count} ${count === 1 ? 'node' : 'nodes'}`,
    capabilities: kafka(options).capabilities,
    createAdapter: () => kafka(isDenied ? refused : options),
    // What the adapter keeps free for its own headers is not the application's.
    limits: { maxMessageBytes: maxMessageBytes - 512, dottedTwins: false },
    timings,
    knowsRepeats: true,
    mendsCuts: true,
    hasSides: false,
    timeFactor: 4,
    faults: {
      ...kafkaFaults(broker, { relay, wire, operator }),
      // Whom a node knows it does not ask again, so it is those who come now that it does not know.
      async deny() {
        isDenied = true
        return async () => {
          isDenied = false
        }
      },
    },
    cannotHappen: {
      block: 'Kafka does not say that it takes nothing',
      closeChannels: 'Kafka has no channels',
      expireHold: 'Kafka bears a delivery for as long as its owner lives',
      ...(count === 1 ? { stopNodes: alone, stopCoordinator: alone, lackReplicas: alone } : {}),
    },
    inspect: kafkaInspect(operator, wire),
    tidy: (prefix) => operator.remove(new RegExp(`^${escapePattern(prefix)}-`)),
    async close() {
      await operator.close()
      await relay.close()
      await broker.close()
    },
  }
}
