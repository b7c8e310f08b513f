import type { KafkaOptions } from '@sluice/adapter-kafka'
import { startKafka, type Kafka } from '@sluice/brokers'
import { startFaultProxy, type FaultProxy } from '@sluice/testing'
import { networkFaults, type Proxied } from '../../chaos/faults/network-faults.js'
import type { Target } from '../../chaos/target.js'
import { groups } from '../../chaos/topics.js'
import { KafkaOperator } from '../operate/kafka-operator.js'
import { nodeFaults } from './node-faults.js'

/** A cluster of its own, and what stands in front of each of its nodes. */
export interface BrokenKafka extends Proxied {
  readonly kafka: Kafka
  readonly operator: KafkaOperator
}

const sessionTimeoutMs = 6_000
/** Three of them are longer than a session. */
const heartbeatMs = 2_500

/** Kafka, each node behind a proxy that can break connections. */
export async function startKafkaTarget(nodes: 1 | 3, seed: number): Promise<Target> {
  const proxies: FaultProxy[] = []
  const close = (): Promise<unknown> => Promise.all(proxies.map((proxy) => proxy.close()))
  try {
    const kafka = await startKafka({
      nodes,
      advertise: async (listener) => {
        const proxy = await startFaultProxy(listener, { seed })
        proxies.push(proxy)
        return proxy.port
      },
    })
    return makeTarget({ kafka, proxies, operator: new KafkaOperator(kafka.bootstrap) })
  } catch (error) {
    await close()
    throw error
  }
}

function makeTarget(broken: BrokenKafka): Target {
  const { kafka, proxies, operator } = broken
  const count = kafka.nodes.length
  const connection: KafkaOptions = {
    ...{ url: kafka.url, sessionTimeoutMs, requestTimeoutMs: 5_000, connectTimeoutMs: 3_000 },
    replicationFactor: count,
  }
  return {
    broker: `Kafka ${kafka.version ?? ''}, ${count} ${count === 1 ? 'node' : 'nodes'}`,
    nodes: count,
    connection,
    heartbeatMs,
    faults: [...networkFaults(broken), ...nodeFaults(broken)],
    // A topic that was made is in the log of the controllers.
    provisioned: () => Promise.resolve(),
    async unsettled(topic) {
      const own = groups.filter((one) => one.topic === topic)
      const left = await Promise.all(own.map(({ group }) => operator.unsettled(topic, group)))
      return left.reduce((sum, one) => sum + one, 0)
    },
    async close() {
      await operator.close()
      await Promise.all(proxies.map((proxy) => proxy.close()))
      await kafka.close()
    },
  }
}
